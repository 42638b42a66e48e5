//! Floods: a source with too many late predictions, or too many rejects, says so once, and says when it is over.

use serde_json::Value;

use crate::bench::{Bench, Setup};
use crate::published::values;
use crate::traffic::{Event, MINUTE, START};

fn bench() -> Bench {
    Bench::new(Setup {
        partitions: 2,
        ..Setup::default()
    })
}

fn predictions(minute: i64, count: i64) -> Vec<Event> {
    let event = |n| {
        Event::bare(
            "fraud",
            "1",
            &format!("{minute}-{n}"),
            START + minute * MINUTE,
        )
    };
    (0..count).map(event).collect()
}

/// Detector, status, subject, value and start of every integrity alert.
fn integrity(bench: &Bench) -> Vec<String> {
    let alerts = values(bench, "anomaly").into_iter();
    let line = |alert: Value| {
        let field = |name: &str| alert[name].as_str().unwrap_or("-").to_owned();
        let value = alert["value"].as_f64().unwrap();
        [
            field("detector"),
            field("status"),
            field("subject"),
            value.to_string(),
            field("started_at"),
        ]
        .join(" ")
    };
    alerts
        .filter(|alert| alert["kind"] == "integrity")
        .map(line)
        .collect()
}

fn read(bench: &mut Bench, partition: i32, events: &[Event]) {
    for event in events {
        bench.produce_to(partition, event);
    }
    bench.settle().unwrap();
}

#[test]
fn a_flood_of_late_predictions_fires_once_and_ends_once_across_restarts() {
    let mut bench = bench();
    read(&mut bench, 0, &predictions(60, 500));
    read(&mut bench, 1, &predictions(60, 500));
    read(&mut bench, 0, &predictions(30, 50));
    assert_eq!(integrity(&bench), [""; 0], "fifty are tolerated");
    read(&mut bench, 0, &predictions(30, 20));
    let begun = "late_flood firing source:in/0 51 2026-01-05T00:58:00Z";
    assert_eq!(integrity(&bench), [begun]);
    bench.take_over_all();
    read(&mut bench, 0, &predictions(30, 100));
    assert_eq!(integrity(&bench), [begun], "it has told so before");
    bench.take_over_all();
    read(&mut bench, 0, &predictions(61, 10));
    let ended = "late_flood resolved source:in/0 0 2026-01-05T00:58:00Z";
    assert_eq!(integrity(&bench), [begun, ended]);
}

#[test]
fn a_flood_of_rejects_fires_once_and_ends_once_across_restarts() {
    let mut bench = bench();
    let rejects = |count| vec![Event::at(START + 60 * MINUTE, "no prediction"); count];
    read(&mut bench, 1, &predictions(60, 500));
    read(&mut bench, 1, &rejects(150));
    bench.take_over_all();
    read(&mut bench, 1, &rejects(150));
    let begun = "reject_flood firing source:in/1 100 2026-01-05T00:58:00Z";
    assert_eq!(integrity(&bench), [begun]);
    read(&mut bench, 1, &predictions(61, 2_000));
    let ended = "reject_flood resolved source:in/1 99 2026-01-05T00:58:00Z";
    assert_eq!(integrity(&bench), [begun, ended]);
}

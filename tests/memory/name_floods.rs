//! Floods of names: a name that is new in each prediction costs no more memory than the limits allow, changes no result by
//! order or crashes, and is counted exactly.

use std::sync::Arc;
use std::time::Duration;

use tidegauge::pipeline::Plan;

use crate::bench::{Bench, Setup, plan};
use crate::published::{assert_same, published, values};
use crate::traffic::{Event, MINUTE, START, shuffled};

/// Predictions of the flood, within four minutes.
const FLOOD: i64 = 14_000;
/// Sketches that open panes may hold: what a task holds before it drops names, and the pieces of one record.
const SKETCHES_MAX: usize = 36_000;

/// A prediction: one in a hundred is of three users that come again, the others are of a new user each.
fn prediction(n: i64) -> Event {
    let time = START + n * 4 * MINUTE / FLOOD;
    let user = if n % 100 == 0 { n % 3 } else { n + 1_000 };
    let json = format!(
        r#"{{"id":"{n}","model":"fraud","version":"1","timestamp":{time},"features":{{"amount":{n}}},"prediction":{{"score":0.5}},"segments":{{"user":"u{user}"}}}}"#
    );
    Event::at(time, json)
}

fn flooded() -> Plan {
    let mut plan = plan();
    plan.segments.keys = vec!["user".to_owned()];
    plan.segments.values_max = 5;
    plan.detect.events_min = 1;
    plan
}

fn run(events: &[Event], setup: Setup) -> Bench {
    let mut bench = Bench::new(Setup {
        plan: Arc::new(flooded()),
        checkpoint: Duration::from_millis(100),
        ..setup
    });
    bench.produce(events);
    bench.close_at(START + 90 * MINUTE);
    bench.settle().unwrap();
    bench
}

#[test]
fn a_new_value_in_each_prediction_is_bounded_and_counted_in_any_order() {
    let events: Vec<Event> = (0..FLOOD).map(prediction).collect();
    let one = run(
        &events,
        Setup {
            partitions: 1,
            ..Setup::default()
        },
    );
    let peak = one.open_sketches_peak;
    assert!(peak <= SKETCHES_MAX, "{peak} sketches were open");
    let hourly = values(&one, "reports").into_iter().filter(|report| {
        report["window"]["length"] == "1h"
            && report["subject"] == "score"
            && report["model"] == "fraud"
    });
    let (segments, whole): (Vec<_>, Vec<_>) = hourly.partition(|r| r["segment"].is_string());
    let sum = |reports: &[serde_json::Value]| -> u64 {
        let predictions = reports.iter().map(|r| r["predictions"].as_u64().unwrap());
        predictions.sum()
    };
    assert_eq!(sum(&whole), FLOOD as u64);
    let overflow = one.ledger.said().overflow;
    assert_eq!(sum(&segments) + overflow.segments, FLOOD as u64);
    for (partitions, crashes) in [(3, vec![20, 45, 46]), (4, vec![])] {
        let setup = Setup {
            partitions,
            crashes,
            ..Setup::default()
        };
        let other = run(&shuffled(events.clone(), 1, 100_000), setup);
        let what = format!("{partitions} partitions");
        assert_same(&published(&one), &published(&other), &what);
        assert_eq!(other.ledger.said().overflow, overflow, "{what}");
        let peak = other.open_sketches_peak;
        assert!(peak <= SKETCHES_MAX, "{what}: {peak} sketches were open");
    }
}

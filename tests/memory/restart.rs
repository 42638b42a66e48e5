//! Restarts without input publish nothing and change nothing. References are learned once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::bench::{Bench, Setup};
use crate::published::{published, values};
use crate::traffic::Traffic;

fn settled(minutes: i64) -> Bench {
    let mut bench = Bench::new(Setup {
        checkpoint: Duration::from_millis(900), // the last checkpoint is some frames before the end
        ..Setup::default()
    });
    bench.produce(
        &Traffic {
            minutes,
            ..Traffic::of_five_hours(2)
        }
        .events(),
    );
    bench.settle().unwrap();
    bench
}

#[test]
fn ten_restarts_without_input_publish_nothing_and_leave_the_same_state() {
    // The traffic ends while an alert is firing. Some panes are open, and some of them are in a checkpoint.
    let mut bench = settled(225);
    let (before, state) = (published(&bench), bench.state());
    assert!(
        values(&bench, "drift")
            .iter()
            .any(|alert| alert["status"] == "firing")
    );
    bench.setup.checkpoint = Duration::from_secs(3_600); // a checkpoint may be written, but it changes no result
    for _ in 0..10 {
        bench.take_over(&["in", "panes"]);
        bench.settle().unwrap();
    }
    assert_eq!(published(&bench), before);
    assert!(bench.state() == state, "the state's bytes");
    assert!(bench.replayed > 0, "open panes were rebuilt");
}

#[test]
fn a_reference_is_learned_once_and_leaves_with_its_state() {
    let mut bench = Bench::new(Setup::default());
    let events = Traffic::of_five_hours(2).events();
    for part in events.chunks(500) {
        bench.produce(part);
        bench.take_over(&["in", "panes"]);
        bench.settle().unwrap();
        assert_eq!(
            bench.references_in_state(),
            values(&bench, "references").len()
        );
    }
    let learned: Vec<String> = values(&bench, "references").iter().map(spoken).collect();
    // After two hours, churn has 960 predictions, and learning needs 1,000.
    let wanted = ["churn 00:00 to 02:15", "fraud 00:00 to 02:00"];
    assert_eq!(
        BTreeSet::from_iter(learned),
        BTreeSet::from(wanted.map(String::from))
    );
}

fn spoken(reference: &Value) -> String {
    let hour = |end: &str| reference["span"][end].as_str().unwrap()[11..16].to_owned();
    format!(
        "{} {} to {}",
        reference["model"].as_str().unwrap(),
        hour("start"),
        hour("end")
    )
}

//! The number of partitions, the flush interval and the number of processes must not change a bit of the output.

use std::time::Duration;

use crate::deployment::Deployment;
use crate::outcome::{Outcome, await_end};
use crate::recount::{EVENTS_MIN, Recount};
use crate::stream::{START, Stream};
use crate::support::{Broker, Tidegauge};

const STREAM: Stream = Stream {
    events: 40_000,
    hours: 12,
    drift_from: 10,
    seed: 3,
    start: START,
};

/// Output of `processes` processes for the stream in `partitions` partitions.
fn outcome(broker: &Broker, partitions: usize, flush: &'static str, processes: usize) -> Outcome {
    let input = STREAM.topic(broker, "in", partitions);
    let deployment = Deployment {
        flush,
        ..Deployment::new(broker, &input)
    };
    let mut running: Vec<Tidegauge> = (0..processes).map(|_| deployment.start()).collect();
    await_end(
        &deployment,
        &["fraud", "churn"],
        STREAM.end(),
        Duration::from_secs(120),
    );
    for process in &mut running {
        deployment.stop(process);
    }
    let outcome = Outcome::of(&deployment);
    outcome.assert_no_duplicates();
    outcome
}

#[test]
fn partitions_and_flush_intervals_change_no_bit() {
    let Some(broker) = Broker::or_skip("partitions_and_flush_intervals_change_no_bit") else {
        return;
    };
    let one = outcome(&broker, 1, "200ms", 1);
    Recount::of(&STREAM).assert_reports(&one.reports, ("15m", 1), EVENTS_MIN);
    assert!(!one.alerts.is_empty());
    for (partitions, flush) in [(3, "200ms"), (8, "200ms"), (1, "5s"), (3, "5s"), (8, "5s")] {
        let other = outcome(&broker, partitions, flush, 1);
        one.assert_same(
            &other,
            &format!("1 partition at 200 ms against {partitions} at {flush}"),
        );
    }
}

#[test]
fn a_backlog_read_by_three_gives_what_one_gave() {
    let Some(broker) = Broker::or_skip("a_backlog_read_by_three_gives_what_one_gave") else {
        return;
    };
    let one = outcome(&broker, 8, "1s", 1);
    let three = outcome(&broker, 8, "200ms", 3);
    one.assert_same(&three, "one process against three");
}

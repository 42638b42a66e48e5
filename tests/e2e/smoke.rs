//! Smoke test of the whole path: one process learns, reports, detects the drift and alerts.

use std::time::Duration;

use crate::deployment::Deployment;
use crate::outcome::{Outcome, await_end};
use crate::recount::{EVENTS_MIN, Recount};
use crate::stream::Stream;
use crate::support::Broker;

#[test]
fn one_process_learns_reports_and_alerts() {
    let Some(broker) = Broker::or_skip("one_process_learns_reports_and_alerts") else {
        return;
    };
    let stream = Stream {
        events: 60_000,
        hours: 48,
        drift_from: 46,
        seed: 1,
        ..Stream::default()
    };
    let input = stream.topic(&broker, "in", 4);
    let deployment = Deployment {
        more: "",
        ..Deployment::new(&broker, &input)
    };
    let mut process = deployment.start();
    let took = await_end(
        &deployment,
        &["fraud", "churn"],
        stream.end(),
        Duration::from_secs(120),
    );
    deployment.stop(&mut process);

    let outcome = Outcome::of(&deployment);
    outcome.assert_no_duplicates();
    let recount = Recount::of(&stream);
    let cells = recount.assert_reports(&outcome.reports, ("15m", 1), EVENTS_MIN)
        + recount.assert_reports(&outcome.reports, ("1h", 4), EVENTS_MIN)
        + recount.assert_reports(&outcome.reports, ("1d", 96), 0);
    assert_eq!(
        outcome.references.len(),
        2,
        "one reference for each model, in one part"
    );
    let alerts = outcome.alert_values();
    let fired = |model: &str| {
        alerts.iter().any(|a| {
            a["model"] == model && a["status"] == "firing" && a["subject"] == "feature:amount"
        })
    };
    assert!(fired("fraud") && fired("churn"), "{alerts:#?}");
    println!(
        "{took:?}, {} reports, {cells} cells, {} alerts",
        outcome.reports.len(),
        alerts.len()
    );
}

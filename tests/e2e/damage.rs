//! Internal topics that somebody has damaged by hand while the deployment was stopped. The alarm must speak: an alert and
//! a metric where the damage can be undone, a stop with a sentence where it cannot.

use std::time::Duration;

use serde_json::Value;
use tidegauge::pipeline::frame::{Summary, unpack};

use crate::deployment::Deployment;
use crate::outcome::{Outcome, Published, await_end};
use crate::stream::{Stream, input_topic};
use crate::support::{Broker, Isolation, Producer, Received, Tidegauge, kcat, wait_for};

const SOON: Duration = Duration::from_secs(60);
const PANES: &str = "panes.v1";

/// A deployment over a small stream in one partition.
fn deployment(broker: &Broker) -> (Deployment, Stream) {
    let stream = Stream {
        events: 5_000,
        seed: 9,
        ..Stream::default()
    };
    let input = stream.topic(broker, "in", 1);
    (Deployment::new(broker, &input), stream)
}

/// Reads the whole stream, and stops.
fn run_to_end(deployment: &Deployment, stream: &Stream) -> Outcome {
    let mut process = deployment.start();
    await_end(deployment, &["fraud"], stream.end(), 2 * SOON);
    deployment.stop(&mut process);
    Outcome::of(deployment)
}

/// Frames that hold something, by partition and offset.
fn frames(deployment: &Deployment) -> Vec<Received> {
    let panes = deployment.topic(PANES);
    deployment.broker.read(&panes, Isolation::Committed)
}

/// Writes a copy of a frame at the end of its partition, with kcat, as a person could.
fn write_copy(deployment: &Deployment, frame: &Received) {
    let file = std::env::temp_dir().join(deployment.broker.name("frame"));
    std::fs::write(&file, frame.value.as_deref().unwrap()).unwrap();
    let (topic, partition) = (deployment.topic(PANES), frame.partition.to_string());
    let file_name = file.to_str().unwrap();
    let words = ["-P", "-t", &topic, "-p", &partition, file_name];
    kcat(&deployment.broker, &words, b"");
    std::fs::remove_file(&file).unwrap();
}

fn alerts_of_integrity(outcome: &Outcome) -> Vec<Value> {
    let alerts = outcome.alert_values().into_iter();
    alerts
        .filter(|alert| alert["kind"] == "integrity")
        .collect()
}

fn without_integrity(outcome: Outcome) -> Outcome {
    let is_other = |alert: &Published| !alert.value.contains("\"kind\":\"integrity\"");
    let alerts = outcome.alerts.into_iter().filter(is_other).collect();
    Outcome { alerts, ..outcome }
}

/// Starts a process and asserts that it ends by itself with code 1. Returns its log.
#[track_caller]
fn refused(deployment: &Deployment) -> String {
    let mut process = deployment.start();
    let status = process.await_exit(SOON);
    assert_eq!(status.code(), Some(1), "{}", process.log());
    process.log()
}

#[test]
fn a_frame_that_somebody_wrote_again_is_dropped_and_told() {
    let Some(broker) = Broker::or_skip("a_frame_that_somebody_wrote_again") else {
        return;
    };
    let (deployment, stream) = deployment(&broker);
    let before = run_to_end(&deployment, &stream);
    assert_eq!(alerts_of_integrity(&before).len(), 0);
    // The first records of a partition hold a frame of the control topic, too.
    let is_single = |record: &&Received| {
        let frames = unpack::<Summary>(record.value.as_deref().unwrap());
        frames.unwrap().len() == 1
    };
    let frames = frames(&deployment);
    write_copy(&deployment, frames.iter().rfind(is_single).unwrap());

    let mut process: Tidegauge = deployment.start();
    wait_for("the alert", SOON, || {
        (!alerts_of_integrity(&Outcome::of(&deployment)).is_empty()).then_some(())
    });
    let counted = "tidegauge_violations_total{kind=\"frame_duplicate\"} 1";
    wait_for(counted, SOON, || {
        process
            .get("/metrics")?
            .body
            .contains(counted)
            .then_some(())
    });
    assert_eq!(process.get("/readyz").unwrap().status, 200);
    deployment.stop(&mut process);
    let after = Outcome::of(&deployment);
    let told = alerts_of_integrity(&after);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["detector"], "duplicate_frame");
    println!("{:#}", told[0]);
    let unchanged = without_integrity(after);
    unchanged.assert_same(&before, "with a frame written twice against without");
}

#[test]
fn a_frame_of_another_deployment_stops_the_process() {
    let Some(broker) = Broker::or_skip("a_frame_of_another_deployment") else {
        return;
    };
    let (deployment, stream) = deployment(&broker);
    let before = run_to_end(&deployment, &stream);
    let other = Deployment::new(&broker, &deployment.input);
    run_to_end(&other, &stream);
    write_copy(&deployment, &frames(&other)[0]);

    let log = refused(&deployment);
    println!("{log}");
    assert!(
        log.contains("frame_gap")
            && log.contains("does not continue")
            && log.contains("Start anew"),
        "{log}"
    );
    Outcome::of(&deployment).assert_same(&before, "after the stop against before");
}

#[test]
fn a_record_that_is_no_frame_stops_the_process() {
    let Some(broker) = Broker::or_skip("a_record_that_is_no_frame") else {
        return;
    };
    let (deployment, stream) = deployment(&broker);
    let before = run_to_end(&deployment, &stream);
    let mut overwritten = frames(&deployment).pop().unwrap();
    overwritten.value = Some(b"{\"oops\": true}".to_vec());
    write_copy(&deployment, &overwritten);
    let log = refused(&deployment);
    println!("{log}");
    let place = format!(
        "{}[{}], offset ",
        deployment.topic(PANES),
        overwritten.partition
    );
    assert!(log.contains(&place), "{log}");
    Outcome::of(&deployment).assert_same(&before, "after the stop against before");
}

#[test]
fn frames_that_were_deleted_although_a_restart_needs_them_stop_the_process() {
    let Some(broker) = Broker::or_skip("frames_that_were_deleted") else {
        return;
    };
    let stream = Stream::default();
    let input = input_topic(&broker, "in", 1);
    let deployment = Deployment::new(&broker, &input);
    let (producer, panes) = (Producer::new(&broker), deployment.topic(PANES));
    // A checkpoint between the last frame and the kill makes a round harmless. There is one every ten seconds.
    for round in 0..10 {
        let mut process = deployment.start();
        process.await_log("state restored", SOON);
        stream.write(&producer, &input, 1, round * 1_000, (round + 1) * 1_000);
        wait_for("the records to be committed", SOON, || {
            let committed = broker.committed(&deployment.group, &input);
            (committed[0].offset == Some(broker.ends(&input)[0])).then_some(())
        });
        process.kill();
        let read = broker.committed(&deployment.group, &panes);
        for (partition, read) in read.iter().enumerate() {
            if let Some(offset) = read.offset.filter(|offset| *offset > 0) {
                broker.delete_records(&panes, partition as i32, offset);
            }
        }
        let mut process = deployment.start();
        wait_for("the end of the process, or a flush", SOON, || {
            let has_ended = process.exited().is_some();
            (has_ended || has_flushed(&process)).then_some(())
        });
        let log = process.log();
        if let Some(status) = process.exited() {
            assert_eq!(status.code(), Some(1), "{log}");
            println!("{log}");
            assert!(log.contains("deleted"), "{log}");
            return;
        }
        process.kill();
    }
    panic!("no restart needed what was deleted");
}

/// True once the process has committed something, so that it has read what a restart needs.
fn has_flushed(process: &Tidegauge) -> bool {
    let Some(metrics) = process.get("/metrics") else {
        return false;
    };
    let mut lines = metrics.body.lines();
    lines.any(|line| line.starts_with("tidegauge_commit_seconds_count") && !line.ends_with(" 0"))
}

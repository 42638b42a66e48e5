//! Offsets outside the log, and `offsets reset`: a loss is named only where records may have lain, and nothing is skipped or
//! read twice unasked.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::deployment::{Deployment, EVERY_MINUTE};
use crate::outcome::Outcome;
use crate::stream::{START, input_topic};
use crate::support::{Broker, Producer, Sent, wait_for};

const SOON: Duration = Duration::from_secs(60);

/// A deployment over an input with one partition.
fn deployed(broker: &Broker) -> Deployment {
    let input = input_topic(broker, "in", 1);
    Deployment {
        more: EVERY_MINUTE,
        ..Deployment::new(broker, &input)
    }
}

/// Writes `events` predictions in one transaction. The marker of the commit takes one more offset.
fn write_in_transaction(broker: &Broker, input: &str, events: i64) {
    let producer = Producer::transactional(broker, &broker.name("writer"));
    producer.begin();
    for number in 0..events {
        let id = format!("{input}-{number}");
        let event =
            json!({"id": id, "model": "m", "timestamp": START + number, "features": {"x": 1}});
        let value = event.to_string();
        let sent = Sent {
            value: Some(value.as_bytes()),
            timestamp_millis: Some(START + number),
            ..Sent::default()
        };
        producer.send(input, &sent);
    }
    producer.flush();
    producer.commit();
}

fn committed(deployment: &Deployment) -> Option<i64> {
    let offsets = deployment
        .broker
        .committed(&deployment.group, &deployment.input);
    offsets[0].offset
}

/// Runs the deployment until it has committed `offset` or more, and stops it.
#[track_caller]
fn run_until(deployment: &Deployment, offset: i64) {
    let mut process = deployment.start();
    wait_for("everything to be committed", SOON, || {
        committed(deployment).filter(|at| *at >= offset).map(drop)
    });
    deployment.stop(&mut process);
}

/// Starts the deployment, which must refuse to work. Returns its log.
#[track_caller]
fn refused(deployment: &Deployment) -> String {
    let mut process = deployment.start();
    let status = process.await_exit(SOON);
    assert_eq!(status.code(), Some(1), "{}", process.log());
    process.log()
}

fn reset(deployment: &Deployment, more: &[&str]) -> (Option<i32>, String) {
    let words = [&["offsets", "reset", "--topic", &deployment.input], more].concat();
    deployment.command(&words)
}

fn integrity(deployment: &Deployment) -> Vec<Value> {
    let mut alerts = Outcome::of(deployment).alert_values();
    alerts.retain(|alert| alert["kind"] == "integrity");
    alerts
}

#[track_caller]
fn assert_lost(deployment: &Deployment, from: i64, to: i64) {
    let alerts = integrity(deployment);
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    let alert = &alerts[0];
    assert_eq!(alert["detector"], "lost_records");
    assert_eq!(alert["details"]["from_offset"], from as f64, "{alert:#}");
    assert_eq!(alert["details"]["to_offset"], to as f64, "{alert:#}");
    let at = alert["started_at"].as_str().unwrap();
    assert!(at.starts_with("20"), "a real time: {at}");
}

#[test]
fn a_reset_over_nothing_changes_nothing_and_alerts_nobody() {
    let Some(broker) = Broker::or_skip("a_reset_over_nothing_changes_nothing_and_alerts_nobody")
    else {
        return;
    };
    let deployment = deployed(&broker);
    write_in_transaction(&broker, &deployment.input, 10);
    run_until(&deployment, 10);
    let before = broker.committed(&deployment.group, &deployment.input);
    for to in [&["--to", "latest"][..], &["--to", "committed"], &[]] {
        let (code, said) = reset(&deployment, to);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("nothing to reset"), "{said}");
    }
    assert_eq!(
        broker.committed(&deployment.group, &deployment.input),
        before
    );
    write_in_transaction(&broker, &deployment.input, 3);
    run_until(&deployment, 14);
    assert_eq!(integrity(&deployment), [] as [Value; 0]);
}

#[test]
fn a_reset_shows_what_it_skips_and_acts_only_when_told_so() {
    let Some(broker) = Broker::or_skip("a_reset_shows_what_it_skips_and_acts_only_when_told_so")
    else {
        return;
    };
    let deployment = deployed(&broker);
    write_in_transaction(&broker, &deployment.input, 10);
    run_until(&deployment, 10);
    write_in_transaction(&broker, &deployment.input, 5); // 11 to 15, and a marker
    let before = broker.committed(&deployment.group, &deployment.input);
    let skips = "continues at 17; up to 6 records will not be read";
    let (code, said) = reset(&deployment, &["--to", "latest", "--dry-run"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(skips) && said.contains("dry run"), "{said}");
    let (code, said) = reset(&deployment, &["--to", "latest"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(skips) && said.contains("--yes"), "{said}");
    let (code, said) = reset(&deployment, &["--to", "latest", "--partition", "7"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("has no partition 7"), "{said}");
    assert_eq!(
        broker.committed(&deployment.group, &deployment.input),
        before
    );
    let (code, said) = reset(&deployment, &["--to", "latest", "--yes"]);
    assert_eq!(code, Some(0), "{said}");
    let read_to = before[0].offset.unwrap();
    write_in_transaction(&broker, &deployment.input, 2);
    run_until(&deployment, 19);
    assert_lost(&deployment, read_to, 17);
}

#[test]
fn an_active_group_is_not_reset() {
    let Some(broker) = Broker::or_skip("an_active_group_is_not_reset") else {
        return;
    };
    let deployment = deployed(&broker);
    write_in_transaction(&broker, &deployment.input, 1);
    let mut process = deployment.start();
    wait_for("the first commit", SOON, || {
        committed(&deployment).map(drop)
    });
    let (code, said) = reset(&deployment, &["--to", "earliest", "--yes"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("active members"), "{said}");
    let (code, said) = reset(&deployment, &["--to", "earliest", "--dry-run"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("continues at 0"), "{said}");
    let (code, said) = reset(&deployment, &["--group", "mistyped", "--yes"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("group mistyped has no offsets"), "{said}");
    deployment.stop(&mut process);
}

#[test]
fn a_topic_that_lost_partitions_is_refused() {
    let Some(broker) = Broker::or_skip("a_topic_that_lost_partitions_is_refused") else {
        return;
    };
    let input = input_topic(&broker, "in", 3);
    let deployment = Deployment {
        more: EVERY_MINUTE,
        ..Deployment::new(&broker, &input)
    };
    write_in_transaction(&broker, &input, 10);
    run_until(&deployment, 10);
    broker.delete_topic(&input);
    broker.create_topic_as(&input, 2, &[("retention.ms", "-1")]);
    write_in_transaction(&broker, &input, 10);
    let (code, said) = reset(&deployment, &["--to", "earliest", "--yes"]);
    assert_eq!(code, Some(0), "{said}");
    let log = refused(&deployment);
    let words = format!("{input} has 2 partitions, but it had 3: it was created again");
    assert!(log.contains(&words), "{log}");
}

/// The last offset that a reader of transactions knows is one before the marker. A stop looks beyond it.
#[test]
fn records_that_were_deleted_after_they_were_read_are_no_loss() {
    let Some(broker) =
        Broker::or_skip("records_that_were_deleted_after_they_were_read_are_no_loss")
    else {
        return;
    };
    let deployment = deployed(&broker);
    write_in_transaction(&broker, &deployment.input, 10);
    run_until(&deployment, 10);
    assert_eq!(committed(&deployment), Some(11), "the marker is passed");
    broker.delete_records(&deployment.input, 0, 11);
    write_in_transaction(&broker, &deployment.input, 3);
    run_until(&deployment, 14);
    assert_eq!(integrity(&deployment), [] as [Value; 0]);
}

#[test]
fn records_that_may_have_been_deleted_unread_are_counted_as_at_most_so_many() {
    let Some(broker) =
        Broker::or_skip("records_that_may_have_been_deleted_unread_are_counted_as_at_most_so_many")
    else {
        return;
    };
    let deployment = deployed(&broker);
    write_in_transaction(&broker, &deployment.input, 10);
    run_until(&deployment, 11);
    write_in_transaction(&broker, &deployment.input, 5); // 11 to 15, and a marker
    broker.delete_records(&deployment.input, 0, 14);
    let log = refused(&deployment);
    let remedy = format!("tidegauge offsets reset --topic {}", deployment.input);
    assert!(
        log.contains("up to 3 records were deleted") && log.contains(&remedy),
        "{log}"
    );
    let (code, said) = reset(&deployment, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("up to 3 records were deleted"), "{said}");
    run_until(&deployment, 17);
    assert_lost(&deployment, 11, 14);
}

#[test]
fn an_offset_beyond_the_log_is_named_as_a_topic_that_was_created_again() {
    let Some(broker) =
        Broker::or_skip("an_offset_beyond_the_log_is_named_as_a_topic_that_was_created_again")
    else {
        return;
    };
    let deployment = deployed(&broker);
    write_in_transaction(&broker, &deployment.input, 10);
    run_until(&deployment, 10);
    // What a group holds after its topic was recreated while a broker kept the old offsets.
    let held = broker.committed(&deployment.group, &deployment.input);
    let mut config = broker.config();
    let hand: BaseConsumer = config
        .set("group.id", &deployment.group.0)
        .create()
        .unwrap();
    let mut beyond = TopicPartitionList::new();
    let mut element = beyond.add_partition(&deployment.input, 0);
    element.set_offset(Offset::Offset(1_000)).unwrap();
    element.set_metadata(&held[0].metadata);
    hand.commit(&beyond, CommitMode::Sync).unwrap();
    let log = refused(&deployment);
    assert!(log.contains("created again under its name"), "{log}");
    let (code, said) = reset(&deployment, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("created again under its name"), "{said}");
    run_until(&deployment, 11);
    assert_eq!(
        integrity(&deployment),
        [] as [Value; 0],
        "no loss is claimed"
    );
}

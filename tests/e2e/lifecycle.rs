//! Starts, stops, silence and manual changes: the operation of a deployment must not change what it publishes.

use std::thread::sleep;
use std::time::{Duration, SystemTime};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::deployment::{Deployment, EVERY_MINUTE, QUIET_STOP_MAX, STOP_MAX};
use crate::outcome::{Outcome, await_end};
use crate::recount::{EVENTS_MIN, Recount};
use crate::stream::{START, Stream, input_topic};
use crate::support::{Broker, Isolation, Producer, Sent, Tidegauge, wait_for};

const MINUTE: i64 = 60_000;
const SOON: Duration = Duration::from_secs(60);
const WORKING: &str = "restored";

fn now() -> i64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64
}

/// Output of an undisturbed process for `input`.
fn undisturbed(broker: &Broker, input: &str, stream: &Stream) -> Outcome {
    let deployment = Deployment::new(broker, input);
    let mut process = deployment.start();
    await_end(&deployment, &["fraud", "churn"], stream.end(), 2 * SOON);
    deployment.stop(&mut process);
    Outcome::of(&deployment)
}

#[test]
fn restarting_publishes_nothing_new_and_loses_nothing() {
    let Some(broker) = Broker::or_skip("restarting_publishes_nothing_new_and_loses_nothing") else {
        return;
    };
    let stream = Stream {
        events: 30_000,
        seed: 5,
        ..Stream::default()
    };
    let input = input_topic(&broker, "in", 2);
    let deployment = Deployment::new(&broker, &input);
    let producer = Producer::new(&broker);
    for tenth in 0..10 {
        let mut process = deployment.start();
        process.await_log(WORKING, SOON);
        stream.write(&producer, &input, 2, tenth * 3_000, (tenth + 1) * 3_000);
        sleep(Duration::from_millis(100 * tenth as u64));
        deployment.stop(&mut process);
    }
    stream.close(&producer, &input, 2);
    let mut process = deployment.start();
    await_end(&deployment, &["fraud", "churn"], stream.end(), 2 * SOON);
    deployment.stop(&mut process);
    let restarted = Outcome::of(&deployment);
    restarted.assert_no_duplicates();
    restarted.assert_same(
        &undisturbed(&broker, &input, &stream),
        "restarted ten times against never",
    );

    let ends = |name: &str| broker.ends(&deployment.topic(name));
    let before = [
        "reports",
        "alerts.drift",
        "alerts.anomaly",
        "references",
        "dead-letters",
    ]
    .map(ends);
    for _ in 0..3 {
        let mut process = deployment.start();
        process.await_log(WORKING, SOON);
        sleep(Duration::from_millis(700));
        deployment.stop(&mut process);
    }
    let after = [
        "reports",
        "alerts.drift",
        "alerts.anomaly",
        "references",
        "dead-letters",
    ]
    .map(ends);
    assert_eq!(before, after, "a restart without input published something");
}

/// Sends one event of `model` at `millis`.
fn send_one(producer: &Producer, topic: &str, partition: i32, model: &str, millis: i64) {
    let event = json!({"id": format!("{millis}"), "model": model, "timestamp": millis, "features": {"x": 1}});
    producer.send(
        topic,
        &Sent {
            partition,
            value: Some(event.to_string().as_bytes()),
            timestamp_millis: Some(millis),
            ..Sent::default()
        },
    );
    producer.flush();
}

/// Deployment that follows the wall clock closely.
fn live(broker: &Broker, input: &str) -> Deployment {
    Deployment {
        ticks: true,
        disorder: "1s",
        idle_timeout: "2s",
        more: EVERY_MINUTE,
        ..Deployment::new(broker, input)
    }
}

fn minute_end(millis: i64) -> i64 {
    (millis.div_euclid(MINUTE) + 1) * MINUTE
}

/// Number of predictions reported for `model`, over all windows.
fn reported(deployment: &Deployment, model: &str) -> u64 {
    let reports = Outcome::of(deployment).reports;
    let values = reports
        .iter()
        .map(|report| serde_json::from_str::<Value>(&report.value).unwrap());
    values
        .filter(|report| report["model"] == model && report["subject"] != "errors")
        .map(|report| report["predictions"].as_u64().unwrap())
        .sum()
}

#[test]
fn all_partitions_idle_and_the_clock_still_moves() {
    let Some(broker) = Broker::or_skip("all_partitions_idle_and_the_clock_still_moves") else {
        return;
    };
    let input = input_topic(&broker, "in", 2);
    let deployment = live(&broker, &input);
    let at = now() - 2 * MINUTE;
    let producer = Producer::new(&broker);
    send_one(&producer, &input, 0, "m", at);
    send_one(&producer, &input, 1, "m", at);
    let mut process = deployment.start();
    await_end(&deployment, &["m"], minute_end(at), SOON);
    deployment.stop(&mut process);
    assert_eq!(reported(&deployment, "m"), 2);
}

#[test]
fn a_partition_that_never_has_data_holds_the_clock_only_without_ticks() {
    let Some(broker) =
        Broker::or_skip("a_partition_that_never_has_data_holds_the_clock_only_without_ticks")
    else {
        return;
    };
    let input = input_topic(&broker, "in", 3);
    let at = now() - 5 * MINUTE;
    let producer = Producer::new(&broker);
    for partition in [0, 2] {
        send_one(&producer, &input, partition, "m", at);
        send_one(&producer, &input, partition, "m", at + 3 * MINUTE);
    }
    let held = Deployment {
        ticks: false,
        ..live(&broker, &input)
    };
    let ticking = live(&broker, &input);
    let (mut waits, mut goes) = (held.start(), ticking.start());
    await_end(&ticking, &["m"], minute_end(at), SOON);
    assert_eq!(
        Outcome::of(&held).reports,
        [],
        "a partition not heard of was taken for complete"
    );
    assert!(goes.terminate(STOP_MAX).success() && waits.terminate(STOP_MAX).success());
}

#[test]
fn an_idle_partition_whose_owner_is_killed_makes_nothing_late() {
    let Some(broker) =
        Broker::or_skip("an_idle_partition_whose_owner_is_killed_makes_nothing_late")
    else {
        return;
    };
    let input = input_topic(&broker, "in", 2);
    let deployment = live(&broker, &input);
    // Member ids begin with the client id, and the assignor sorts by member id, so b gets partition 1.
    let named = |name: &str| Deployment {
        properties: format!(", 'client.id': '{name}'"),
        ..deployment.clone()
    };
    let mut a = named("a").start();
    a.await_log(WORKING, SOON);
    let mut b = named("b").start();
    b.await_log(WORKING, SOON);
    let producer = Producer::new(&broker);
    send_one(&producer, &input, 1, "quiet", now());
    sleep(Duration::from_secs(5)); // partition 1 is idle and follows the wall clock
    b.kill();
    let of_the_dead = now();
    send_one(&producer, &input, 1, "orphan", of_the_dead);
    // The survivor's own partition continues. Its clock alone would make the orphan late.
    for _ in 0..6 {
        sleep(Duration::from_secs(1));
        send_one(&producer, &input, 0, "busy", now());
    }
    await_end(&deployment, &["orphan"], minute_end(of_the_dead), 3 * SOON);
    assert_eq!(reported(&deployment, "orphan"), 1, "{}", a.log());
    assert!(a.terminate(STOP_MAX).success());
}

/// Sends `events` events of one model to partition 0, one millisecond apart, starting at `from`.
fn write_small(producer: &Producer, input: &str, from: i64, events: i64) {
    for number in 0..events {
        send_one(producer, input, 0, "m", from + number);
    }
}

/// Asserts that the next start is refused with a message that names the fix, and applies that fix.
#[track_caller]
fn refused_then_reset(deployment: &Deployment, says: &str, to: &[&str]) {
    let mut process = deployment.start();
    let status = process.await_exit(SOON);
    let log = process.log();
    assert_eq!(status.code(), Some(1), "{log}");
    let remedy = format!("tidegauge offsets reset --topic {}", deployment.input);
    assert!(log.contains(says) && log.contains(&remedy), "{log}");
    let words = [&["offsets", "reset", "--topic", &deployment.input], to].concat();
    let (code, said) = deployment.command(&words);
    assert_eq!(code, Some(0), "{said}");
}

/// Offsets that integrity alerts report as lost.
fn lost(deployment: &Deployment) -> Vec<(i64, i64)> {
    let alerts = Outcome::of(deployment).alert_values();
    let lost = alerts
        .iter()
        .filter(|alert| alert["kind"] == "integrity" && alert["detector"] == "lost_records");
    let offset = |alert: &Value, name: &str| alert["details"][name].as_f64().unwrap() as i64;
    lost.map(|alert| (offset(alert, "from_offset"), offset(alert, "to_offset")))
        .collect()
}

#[test]
fn an_input_topic_that_was_recreated_is_refused_until_the_loss_is_accepted() {
    let Some(broker) =
        Broker::or_skip("an_input_topic_that_was_recreated_is_refused_until_the_loss_is_accepted")
    else {
        return;
    };
    let input = input_topic(&broker, "in", 1);
    let deployment = Deployment {
        more: EVERY_MINUTE,
        ..Deployment::new(&broker, &input)
    };
    let producer = Producer::new(&broker);
    write_small(&producer, &input, START, 10);
    send_one(&producer, &input, 0, "m", START + 10 * MINUTE);
    let mut process = deployment.start();
    await_end(&deployment, &["m"], START + MINUTE, SOON);
    deployment.stop(&mut process);

    broker.delete_topic(&input);
    broker.create_topic_as(&input, 1, &[("retention.ms", "-1")]);
    let producer = Producer::new(&broker);
    write_small(&producer, &input, START + 20 * MINUTE, 7);
    send_one(&producer, &input, 0, "m", START + 30 * MINUTE);
    refused_then_reset(&deployment, "recreated", &["--to", "earliest", "--yes"]);
    let mut process = deployment.start();
    await_end(&deployment, &["m"], START + 21 * MINUTE, SOON);
    deployment.stop(&mut process);
    assert_eq!(lost(&deployment).len(), 1);
    assert_eq!(reported(&deployment, "m"), 10 + 1 + 7);
}

#[test]
fn an_offset_moved_by_hand_is_refused_until_the_loss_is_accepted() {
    let Some(broker) =
        Broker::or_skip("an_offset_moved_by_hand_is_refused_until_the_loss_is_accepted")
    else {
        return;
    };
    let input = input_topic(&broker, "in", 1);
    let deployment = Deployment {
        more: EVERY_MINUTE,
        ..Deployment::new(&broker, &input)
    };
    let producer = Producer::new(&broker);
    write_small(&producer, &input, START, 10);
    let mut process = deployment.start();
    wait_for("the ten to be committed", SOON, || {
        (broker.committed(&deployment.group, &input)[0].offset == Some(10)).then_some(())
    });
    deployment.stop(&mut process);
    write_small(&producer, &input, START + 1_000, 10);

    let mut config = broker.config();
    let hand: BaseConsumer = config
        .set("group.id", &deployment.group.0)
        .create()
        .unwrap();
    let mut moved = TopicPartitionList::new();
    moved
        .add_partition_offset(&input, 0, Offset::Offset(15))
        .unwrap();
    hand.commit(&moved, CommitMode::Sync).unwrap();

    refused_then_reset(&deployment, "moved it by hand", &["--to", "committed"]);
    let mut process = deployment.start();
    send_one(&producer, &input, 0, "m", START + 10 * MINUTE);
    await_end(&deployment, &["m"], START + MINUTE, SOON);
    deployment.stop(&mut process);
    assert_eq!(reported(&deployment, "m"), 15, "five were skipped");
    let lost = lost(&deployment);
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!(lost[0].1, 15, "{lost:?}");
}

#[test]
fn a_replaced_worker_that_flushes_only_ticks_cannot_commit() {
    let Some(broker) = Broker::or_skip("a_replaced_worker_that_flushes_only_ticks_cannot_commit")
    else {
        return;
    };
    let input = input_topic(&broker, "in", 1);
    let deployment = live(&broker, &input);
    let producer = Producer::new(&broker);
    send_one(&producer, &input, 0, "m", now() - 3 * MINUTE);
    let mut zombie = deployment.start();
    zombie.await_log(WORKING, SOON);
    sleep(Duration::from_secs(4)); // the source is idle, so every flush contains only its watermark
    let mut refused = 0;
    for _ in 0..4 {
        zombie.signal("STOP");
        let mut heir = deployment.start();
        heir.await_log(WORKING, SOON);
        sleep(Duration::from_secs(3));
        let seq = position(&deployment)["seq"].as_u64().unwrap();
        zombie.signal("CONT");
        sleep(Duration::from_secs(3));
        assert!(
            heir.exited().is_none() && zombie.exited().is_none(),
            "{}\n{}",
            heir.log(),
            zombie.log()
        );
        assert!(
            position(&deployment)["seq"].as_u64().unwrap() >= seq,
            "the chain went back"
        );
        refused += zombie
            .log()
            .matches("the transaction failed to send offsets")
            .count();
        assert!(heir.terminate(STOP_MAX).success(), "{}", heir.log());
        if refused > 0 {
            break;
        }
        sleep(Duration::from_secs(2));
    }
    assert!(
        refused > 0,
        "no commit of the replaced worker was refused: {}",
        zombie.log()
    );
    send_one(&producer, &input, 0, "n", now());
    assert!(zombie.terminate(STOP_MAX).success(), "{}", zombie.log());
    // The next process must find one unbroken chain.
    let mut next = deployment.start();
    next.await_log(WORKING, SOON);
    sleep(Duration::from_secs(2));
    assert!(next.terminate(STOP_MAX).success(), "{}", next.log());
    assert_eq!(reported(&deployment, "m"), 1);
}

/// Metadata committed with the offset of the input.
fn position(deployment: &Deployment) -> Value {
    let committed = deployment
        .broker
        .committed(&deployment.group, &deployment.input);
    serde_json::from_str(&committed[0].metadata).unwrap()
}

#[test]
fn a_model_with_500_features_is_reported_whole() {
    let Some(broker) = Broker::or_skip("a_model_with_500_features_is_reported_whole") else {
        return;
    };
    let input = input_topic(&broker, "in", 2);
    let producer = Producer::new(&broker);
    let (events, span) = (1_200, 120 * MINUTE);
    for i in 0..events {
        let features = (0..500).map(|f| (format!("f{f:03}"), json!((i * 7 + f * 13) % 100)));
        let features: serde_json::Map<String, Value> = features.collect();
        let millis = START + span * i / events;
        let event = json!({"id": format!("{i}"), "model": "wide", "timestamp": millis, "features": features});
        producer.send(
            &input,
            &Sent {
                partition: (i % 2) as i32,
                value: Some(event.to_string().as_bytes()),
                timestamp_millis: Some(millis),
                ..Sent::default()
            },
        );
    }
    producer.flush();
    let stream = Stream {
        events: 0,
        hours: 2,
        ..Stream::default()
    };
    stream.close(&producer, &input, 2);
    let more = "windows: [{length: 15m, step: 5m}]\nlearning: {span: 1h, events_min: 500}\n";
    let deployment = Deployment {
        more,
        ..Deployment::new(&broker, &input)
    };
    let mut process = deployment.start();
    await_end(&deployment, &["wide"], stream.end(), 2 * SOON);
    deployment.stop(&mut process);
    let outcome = Outcome::of(&deployment);
    outcome.assert_no_duplicates();
    assert_eq!(
        outcome.reports.len(),
        8 * (500 + 1),
        "500 features and the errors"
    );
    assert_eq!(reported(&deployment, "wide"), events as u64 * 500);
    let parts = outcome
        .references
        .iter()
        .map(|part| serde_json::from_str::<Value>(&part.value).unwrap());
    let subjects: usize = parts
        .map(|part| part["subjects"].as_object().map_or(0, serde_json::Map::len))
        .sum();
    assert_eq!(subjects, 500 + 1, "every feature once, and the errors");
}

#[test]
fn partitions_added_while_running_are_read_from_their_beginning() {
    let Some(broker) =
        Broker::or_skip("partitions_added_while_running_are_read_from_their_beginning")
    else {
        return;
    };
    let stream = Stream {
        events: 30_000,
        seed: 6,
        ..Stream::default()
    };
    let input = input_topic(&broker, "in", 2);
    let quick = ", 'topic.metadata.refresh.interval.ms': '500'".to_owned();
    let deployment = Deployment {
        properties: quick,
        ..Deployment::new(&broker, &input)
    };
    let mut process = deployment.start();
    process.await_log(WORKING, SOON);
    let producer = Producer::new(&broker);
    stream.write(&producer, &input, 2, 0, 15_000);
    wait_for("the first half to be committed", SOON, || {
        let committed = broker.committed(&deployment.group, &input);
        committed
            .iter()
            .zip(broker.ends(&input))
            .all(|(c, end)| c.offset == Some(end))
            .then_some(())
    });
    broker.add_partitions(&input, 4);
    wait_for("the new partitions to be taken", SOON, || {
        (process.log().matches(WORKING).count() > 1).then_some(())
    });
    let producer = Producer::new(&broker);
    stream.write(&producer, &input, 4, 15_000, 30_000);
    stream.close(&producer, &input, 4);
    await_end(&deployment, &["fraud", "churn"], stream.end(), 2 * SOON);
    deployment.stop(&mut process);
    let grown = Outcome::of(&deployment);
    grown.assert_no_duplicates();
    Recount::of(&stream).assert_reports(&grown.reports, ("15m", 1), EVENTS_MIN);
    grown.assert_same(
        &undisturbed(&broker, &input, &stream),
        "grown while running against four from the start",
    );
}

#[test]
fn a_stop_is_short_even_in_the_middle_of_a_backlog() {
    let Some(broker) = Broker::or_skip("a_stop_is_short_even_in_the_middle_of_a_backlog") else {
        return;
    };
    let stream = Stream {
        events: 60_000,
        hours: 24,
        drift_from: 23,
        seed: 7,
        ..Stream::default()
    };
    let input = stream.topic(&broker, "in", 4);
    let deployment = Deployment {
        more: "",
        flush: "5s",
        ..Deployment::new(&broker, &input)
    };
    for millis in [100, 700, 1_500, 3_000] {
        let mut process: Tidegauge = deployment.start();
        sleep(Duration::from_millis(millis));
        let status = process.terminate(QUIET_STOP_MAX);
        assert!(
            status.success() || process.log().is_empty(),
            "after {millis} ms, {status}: {}",
            process.log()
        );
    }
    let committed = broker
        .read(&deployment.topic("panes.v1"), Isolation::Committed)
        .len();
    assert!(committed > 0, "nothing was committed between the stops");
}

//! Sources that hold the clock, on a real broker: a backfill on a topic whose partitions end days apart takes seconds with
//! the default idle timeout of five minutes, and the status page names the partition that holds the clock.

use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::deployment::{Deployment, EVERY_MINUTE, LEARN_SOON, STOP_MAX};
use crate::stream::input_topic;
use crate::support::{Broker, Isolation, Producer, Sent, Tidegauge, wait_for};

const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
const PARTITIONS: i32 = 5;
/// An event of each partition every three minutes.
const EVERY: usize = 3 * MINUTE as usize;
/// Time limit for the whole backfill. It usually takes some 12 seconds, 10 of which the ends must not move. With one idle
/// timeout after the other it would take twenty minutes.
const BACKFILL_MAX: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(60);

fn now() -> i64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64
}

/// Midnight eight days ago, in milliseconds.
fn start() -> i64 {
    (now() / DAY - 8) * DAY
}

/// Partition `p` ends after `p + 1` days.
fn produce(broker: &Broker, input: &str) {
    let producer = Producer::new(broker);
    for partition in 0..PARTITIONS {
        let end = i64::from(partition + 1) * DAY;
        for millis in (0..end).step_by(EVERY) {
            send(&producer, input, partition, start() + millis);
        }
    }
    producer.flush();
}

/// Sends one event that happened, and was stored, at `millis`.
fn send(producer: &Producer, input: &str, partition: i32, millis: i64) {
    let event = json!({"id": format!("{partition}-{millis}"), "model": "fraud", "timestamp": millis,
        "features": {"x": millis % 7}});
    let event = event.to_string();
    let record = Sent {
        partition,
        value: Some(event.as_bytes()),
        timestamp_millis: Some(millis),
        ..Sent::default()
    };
    producer.send(input, &record);
}

/// The clock of predictions on the status page.
fn clock(process: &Tidegauge) -> Option<Value> {
    let page: Value = serde_json::from_str(&process.get("/status")?.body).ok()?;
    Some(page["clock"].clone())
}

/// Waits until the clock reads `time` or more. Returns it as the status page shows it.
fn await_clock(process: &Tidegauge, time: i64, max: Duration) -> Value {
    let time = jiff::Timestamp::from_millisecond(time).unwrap().to_string();
    wait_for(&format!("the clock to pass {time}"), max, || {
        let clock = clock(process)?;
        let is_past = clock["time"].as_str()? >= time.as_str();
        is_past.then_some(clock)
    })
}

fn count(process: &Tidegauge, name: &str) -> i64 {
    let page: Value = serde_json::from_str(&process.get("/status").unwrap().body).unwrap();
    page[name].as_i64().unwrap()
}

#[test]
fn a_backfill_of_partitions_that_end_days_apart_takes_seconds() {
    let Some(broker) =
        Broker::or_skip("a_backfill_of_partitions_that_end_days_apart_takes_seconds")
    else {
        return;
    };
    let input = input_topic(&broker, "in", PARTITIONS as usize);
    produce(&broker, &input);
    let deployment = Deployment {
        ticks: true,
        idle_timeout: "5m",
        from: "30d",
        more: LEARN_SOON,
        ..Deployment::new(&broker, &input)
    };
    let begun = Instant::now();
    let mut process = deployment.start();
    let end = start() + i64::from(PARTITIONS) * DAY;
    let held = await_clock(&process, end, BACKFILL_MAX);
    println!("the clock passed all data after {:?}", begun.elapsed());
    assert_eq!(
        (&held["topic"], &held["reason"]),
        (&json!(input), &json!("idle")),
        "{held}"
    );
    let events = (1..=PARTITIONS as usize).sum::<usize>() * (DAY as usize / EVERY);
    assert_eq!(count(&process, "events"), events as i64);
    assert_eq!(count(&process, "late"), 0);
    let reports = broker.read(&deployment.topic("reports"), Isolation::Committed);
    assert!(!reports.is_empty(), "nothing was judged");

    // Every partition is still idle after a restart.
    assert!(process.terminate(STOP_MAX).success(), "{}", process.log());
    let process = deployment.start();
    await_clock(&process, now() - 7 * MINUTE, SOON);
}

/// Control records take offsets that are never delivered. The one here ends an aborted transaction, whose records are not
/// delivered either.
#[test]
fn a_partition_that_ends_with_control_records_becomes_idle_and_an_open_transaction_holds_the_clock()
{
    let Some(broker) = Broker::or_skip(
        "a_partition_that_ends_with_control_records_becomes_idle_and_an_open_transaction_holds_the_clock",
    ) else {
        return;
    };
    let input = input_topic(&broker, "in", 2);
    let deployment = Deployment {
        ticks: true,
        idle_timeout: "2s",
        more: EVERY_MINUTE,
        ..Deployment::new(&broker, &input)
    };
    let plain = Producer::new(&broker);
    let transactional = Producer::transactional(&broker, &broker.name("aborting"));
    let begun = now();
    for partition in [0, 1] {
        send(&plain, &input, partition, begun - 10 * MINUTE);
    }
    plain.flush();
    transactional.begin();
    send(&transactional, &input, 1, begun - 9 * MINUTE);
    transactional.flush();
    let process = deployment.start();
    let held = wait_for("the open transaction to hold the clock", SOON, || {
        let clock = clock(&process)?;
        (clock["reason"] == "open_transaction").then_some(clock)
    });
    assert_eq!(held["partition"], 1, "{held}");
    transactional.abort();
    let idle = await_clock(&process, begun - 3 * MINUTE, SOON);
    assert_eq!(idle["reason"], "idle", "{idle}");
    assert_eq!((count(&process, "events"), count(&process, "late")), (2, 0));
}

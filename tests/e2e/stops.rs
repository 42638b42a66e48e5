//! Stops, also in the middle of a rebalance: the process ends with code 0, and everything that it read is committed.

use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use tidegauge::kafka::{ClientSettings, KafkaLog, Offsets};
use tidegauge::runtime::{Heartbeat, Log, LogEvent};

use crate::deployment::{Deployment, STOP_MAX};
use crate::outcome::{Outcome, await_end};
use crate::recount::{EVENTS_MIN, Recount};
use crate::stream::{Random, Stream, input_topic};
use crate::support::{Broker, Producer, Tidegauge, wait_for};

const SOON: Duration = Duration::from_secs(60);
const WORKING: &str = "state restored";
const PARTITIONS: usize = 4;

/// Number of rounds of a test that looks for a rare fault.
fn rounds(short: u64) -> u64 {
    if std::env::var_os("TIDEGAUGE_LONG").is_some() {
        50
    } else {
        short
    }
}

/// A member of the group, as a worker has it.
fn member(broker: &Broker, group: &str, topic: &str) -> KafkaLog {
    let settings = ClientSettings {
        brokers: broker.address().to_owned(),
        group: group.to_owned(),
        transactional_id: group.to_owned(),
        transaction_timeout: Duration::from_secs(10),
        properties: [
            ("heartbeat.interval.ms", "100"),
            ("session.timeout.ms", "6000"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into(),
        offsets: Offsets::InTransaction,
    };
    KafkaLog::connect(settings, &[topic], "nowhere", &Heartbeat::default()).unwrap()
}

/// Answers the group for `time`.
fn poll_for(log: &mut KafkaLog, time: Duration) -> bool {
    let (until, mut assigned) = (Instant::now() + time, false);
    while Instant::now() < until {
        match log.poll(Duration::from_millis(20)).unwrap() {
            LogEvent::Assigned(_) => {
                assigned = true;
                log.assign(&[]).unwrap();
            }
            LogEvent::Revoked | LogEvent::Lost => log.unassign().unwrap(),
            LogEvent::Message(_) | LogEvent::Nothing => {}
        }
    }
    assigned
}

/// Drops a member on a thread of its own.
///
/// # Panics
/// If that takes so long that the client hangs.
#[track_caller]
fn drop_in_time(member: KafkaLog, round: u64) {
    let leaves = thread::spawn(move || drop(member));
    let begun = Instant::now();
    while !leaves.is_finished() {
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(10), "hangs in round {round}");
        sleep(Duration::from_millis(10));
    }
}

/// A decision of the group lies unread in the queue when the member leaves. A client may wait for ever for the answer to a
/// decision that it meets while it closes (librdkafka #4884).
#[test]
fn a_member_that_leaves_during_a_rebalance_does_not_hang() {
    let Some(broker) = Broker::or_skip("a_member_that_leaves_during_a_rebalance") else {
        return;
    };
    let topic = broker.create_topic("in", PARTITIONS);
    for round in 0..rounds(4) {
        let group = broker.group("group").0;
        let mut leaving = member(&broker, &group, &topic);
        wait_for("an assignment", SOON, || {
            poll_for(&mut leaving, Duration::from_millis(100)).then_some(())
        });
        let mut joining = member(&broker, &group, &topic);
        let joins = thread::spawn(move || poll_for(&mut joining, Duration::from_secs(2)));
        sleep(Duration::from_millis(Random(round).below(1_200)));
        drop_in_time(leaving, round);
        joins.join().unwrap();
    }
}

#[test]
fn every_stop_ends_with_code_0_and_everything_committed_while_others_come_and_go() {
    let test = "every_stop_ends_with_code_0";
    let Some(broker) = Broker::or_skip(test) else {
        return;
    };
    let rounds = rounds(6);
    let stream = Stream {
        events: rounds as usize * 2_000,
        seed: 12,
        ..Stream::default()
    };
    let input = input_topic(&broker, "in", PARTITIONS);
    let producer = Producer::new(&broker);
    let deployment = Deployment::new(&broker, &input);
    let mut process = deployment.start();
    process.await_log(WORKING, SOON);
    let mut still_leaving = 0;
    for round in 0..rounds {
        let from = round as usize * 2_000;
        stream.write(&producer, &input, PARTITIONS, from, from + 2_000);
        let next = deployment.start();
        sleep(Duration::from_millis(Random(round).below(2_500)));
        still_leaving += stopped(process, round);
        process = next;
        process.await_log(WORKING, SOON);
    }
    stream.close(&producer, &input, PARTITIONS);
    await_end(&deployment, &["fraud", "churn"], stream.end(), 3 * SOON);
    still_leaving += stopped(process, rounds);
    let committed = broker.committed(&deployment.group, &input);
    let committed: Vec<i64> = committed.iter().filter_map(|c| c.offset).collect();
    assert_eq!(committed, broker.ends(&input), "everything is committed");
    let outcome = Outcome::of(&deployment);
    outcome.assert_no_duplicates();
    Recount::of(&stream).assert_reports(&outcome.reports, ("15m", 1), EVENTS_MIN);
    println!("{still_leaving} of {rounds} processes ended before they had left the group");
}

/// Stops a process. Returns 1 if it ended before it had left the group.
#[track_caller]
fn stopped(mut process: Tidegauge, round: u64) -> usize {
    let status = process.terminate(STOP_MAX);
    let log = process.log();
    assert!(status.success(), "round {round}, {status}: {log}");
    usize::from(log.contains("the group does not answer"))
}

#[test]
fn each_signal_that_asks_for_a_stop_commits_everything() {
    let test = "each_signal_that_asks_for_a_stop";
    let Some(broker) = Broker::or_skip(test) else {
        return;
    };
    let stream = Stream::default();
    let input = input_topic(&broker, "in", PARTITIONS);
    let producer = Producer::new(&broker);
    let deployment = Deployment {
        flush: "1m", // nothing but the stop commits
        ..Deployment::new(&broker, &input)
    };
    for (round, signal) in ["HUP", "INT", "TERM"].into_iter().enumerate() {
        // Whoever runs the tests may ignore SIGHUP, and then the process would, too.
        let mut process = deployment.start_with_env("--default-signal=HUP");
        process.await_log(WORKING, SOON);
        let (from, to) = (round * 400, (round + 1) * 400);
        stream.write(&producer, &input, PARTITIONS, from, to);
        sleep(Duration::from_secs(2)); // reading shows nowhere before a commit
        process.signal(signal);
        let status = process.await_exit(STOP_MAX);
        assert_eq!(status.code(), Some(0), "SIG{signal}: {}", process.log());
        let committed = broker.committed(&deployment.group, &input);
        let committed: i64 = committed.iter().filter_map(|c| c.offset).sum();
        assert!(committed > from as i64, "SIG{signal}: {}", process.log());
    }
}

/// `nohup` starts a process with SIGHUP ignored, so that it survives a logout.
#[test]
fn a_hangup_that_the_parent_ignores_stops_nothing() {
    let Some(broker) = Broker::or_skip("a_hangup_that_the_parent_ignores") else {
        return;
    };
    let input = input_topic(&broker, "in", 1);
    let deployment = Deployment::new(&broker, &input);
    let mut process = deployment.start_with_env("--ignore-signal=HUP");
    process.await_log(WORKING, SOON);
    process.signal("HUP");
    sleep(Duration::from_secs(1));
    assert!(process.exited().is_none(), "{}", process.log());
    deployment.stop(&mut process);
}

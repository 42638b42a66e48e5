//! A client that hangs, brokers that do not answer, and a process that was stopped: the process ends or goes on as it
//! should, and what it publishes stays the same.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::deployment::{Deployment, STOP_MAX};
use crate::outcome::{Outcome, await_end};
use crate::recount::{EVENTS_MIN, Recount};
use crate::stream::{Stream, input_topic};
use crate::support::{
    ADD_OFFSETS_TO_TXN, Broker, Producer, Proxy, TXN_OFFSET_COMMIT, Tidegauge, wait_for,
};

const SOON: Duration = Duration::from_secs(60);
/// The smallest value of `runtime.watchdog`.
const WATCHDOG: Duration = Duration::from_secs(15);
/// Exit code of a process whose worker hangs.
const HUNG: i32 = 70;
const PARTITIONS: usize = 2;
const STREAM: Stream = Stream {
    events: 20_000,
    hours: 12,
    drift_from: 10,
    seed: 11,
    start: crate::stream::START,
};

/// A deployment whose processes reach the brokers through a proxy. Half of its stream is written.
struct Scene {
    deployment: Deployment,
    proxy: Proxy,
    producer: Producer,
}

impl Scene {
    fn new(broker: &Broker, test: &str) -> Self {
        let input = input_topic(broker, "in", PARTITIONS);
        let producer = Producer::new(broker);
        STREAM.write(&producer, &input, PARTITIONS, 0, STREAM.events / 2);
        Self {
            deployment: Deployment::new(broker, &input),
            proxy: Proxy::before(broker, test),
            producer,
        }
    }

    fn start(&self) -> Tidegauge {
        let proxied = Deployment {
            broker: self.proxy.broker().clone(),
            ..self.deployment.clone()
        };
        let watchdog = format!("shutdown_timeout: 25s, watchdog: {}s", WATCHDOG.as_secs());
        Tidegauge::run(&proxied.config().replace("shutdown_timeout: 25s", &watchdog))
    }

    /// Starts a process and waits until it has committed the first half.
    fn start_and_commit(&self) -> Tidegauge {
        let process = self.start();
        self.await_committed(STREAM.events / 2);
        process
    }

    fn write_second_half(&self) {
        let (half, input) = (STREAM.events / 2, &self.deployment.input);
        STREAM.write(&self.producer, input, PARTITIONS, half, STREAM.events);
        STREAM.close(&self.producer, input, PARTITIONS);
    }

    fn committed(&self) -> usize {
        let Deployment { broker, group, .. } = &self.deployment;
        let offsets = broker.committed(group, &self.deployment.input);
        offsets.iter().map(|c| c.offset.unwrap_or(0) as usize).sum()
    }

    #[track_caller]
    fn await_committed(&self, records: usize) {
        let what = format!("{records} records to be committed");
        wait_for(&what, 2 * SOON, || {
            sleep(Duration::from_millis(200));
            (self.committed() >= records).then_some(())
        });
    }

    /// Waits for the end of the stream, stops the process, and compares what was published with the recount.
    #[track_caller]
    fn finish(&self, process: &mut Tidegauge) {
        await_end(
            &self.deployment,
            &["fraud", "churn"],
            STREAM.end(),
            3 * SOON,
        );
        assert!(process.terminate(STOP_MAX).success(), "{}", process.log());
        let outcome = Outcome::of(&self.deployment);
        outcome.assert_no_duplicates();
        Recount::of(&STREAM).assert_reports(&outcome.reports, ("15m", 1), EVENTS_MIN);
    }
}

/// The connections to the coordinator break between the delivery of a transaction's records and its offsets. The client
/// then waits without end in `send_offsets_to_transaction`, whatever its timeout (librdkafka #5456).
#[test]
fn a_worker_that_hangs_in_a_transaction_is_ended_and_the_next_process_continues() {
    let test = "a_worker_that_hangs_in_a_transaction";
    let Some(broker) = Broker::or_skip(test) else {
        return;
    };
    let scene = Scene::new(&broker, test);
    let mut process = scene.start_and_commit();
    let before = scene.committed();
    scene.proxy.cut_at(TXN_OFFSET_COMMIT);
    scene.write_second_half();
    wait_for("the proxy to cut", SOON, || {
        scene.proxy.has_sprung().then_some(())
    });
    let status = process.await_exit(4 * WATCHDOG);
    let log = process.log();
    assert_eq!(status.code(), Some(HUNG), "{log}");
    assert!(
        log.contains("a worker hangs")
            && log.contains("worker 0 has not moved for 15 s while sending offsets"),
        "{log}"
    );
    assert_eq!(
        scene.committed(),
        before,
        "the hung transaction is not committed"
    );
    scene.proxy.open();
    let mut next = scene.start();
    scene.finish(&mut next);
}

#[test]
fn an_outage_of_all_brokers_leaves_a_process_alive_and_it_goes_on() {
    let test = "an_outage_of_all_brokers";
    let Some(broker) = Broker::or_skip(test) else {
        return;
    };
    let scene = Scene::new(&broker, test);
    let mut process = scene.start_and_commit();
    // A frozen connection is the worst case: each call waits for its whole timeout. It freezes within a transaction, because a
    // process that has committed everything has none to give up.
    scene.proxy.freeze_at(ADD_OFFSETS_TO_TXN);
    scene.write_second_half();
    wait_for("the proxy to freeze", SOON, || {
        scene.proxy.has_sprung().then_some(())
    });
    let (frozen, mut oldest) = (Instant::now(), 0_f64);
    while frozen.elapsed() < 2 * WATCHDOG {
        let live = process.get("/livez");
        let live = live.unwrap_or_else(|| panic!("no answer: {}", process.log()));
        assert_eq!(live.status, 200, "{}", live.body);
        let health: Value = serde_json::from_str(&live.body).unwrap();
        let age = health["workers"][0]["heartbeat_age_secs"].as_f64();
        oldest = oldest.max(age.unwrap());
        sleep(Duration::from_millis(200));
    }
    process.await_log("the transaction failed to", WATCHDOG);
    let given_up = frozen.elapsed();
    println!("heartbeat at most {oldest:.1} s, transaction given up before {given_up:?}");
    scene.proxy.cut();
    scene.proxy.open();
    scene.finish(&mut process);
}

#[test]
fn a_process_that_was_stopped_for_longer_than_the_watchdog_waits_goes_on() {
    let test = "a_process_that_was_stopped_for_longer";
    let Some(broker) = Broker::or_skip(test) else {
        return;
    };
    let scene = Scene::new(&broker, test);
    let mut process = scene.start_and_commit();
    process.signal("STOP");
    sleep(WATCHDOG + Duration::from_secs(3));
    process.signal("CONT");
    sleep(Duration::from_secs(1));
    assert_eq!(process.exited(), None, "{}", process.log());
    scene.write_second_half();
    scene.finish(&mut process);
}

#[test]
fn a_second_signal_ends_a_process_that_cannot_commit() {
    let test = "a_second_signal_ends_a_process";
    let Some(broker) = Broker::or_skip(test) else {
        return;
    };
    let scene = Scene::new(&broker, test);
    let mut process = scene.start_and_commit();
    scene.proxy.freeze();
    sleep(Duration::from_secs(1));
    process.signal("TERM");
    process.await_log("stopping", SOON);
    sleep(Duration::from_millis(500));
    assert_eq!(process.exited(), None, "it had nothing to commit");
    process.signal("INT");
    let status = process.await_exit(Duration::from_secs(3));
    assert_eq!(status.code(), Some(1), "{}", process.log());
    assert!(
        process.log().contains("a second signal (SIGINT)"),
        "{}",
        process.log()
    );
}

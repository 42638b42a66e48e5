//! Exactly-once tests: three processes that are killed and stopped at random must publish what one undisturbed process
//! publishes.

use std::thread;
use std::time::{Duration, Instant};

use crate::deployment::audit::{aborted_records, assert_dead_letters};
use crate::deployment::{Deployment, STOP_MAX};
use crate::outcome::{Outcome, await_end};
use crate::recount::{EVENTS_MIN, Recount};
use crate::stream::{Random, Stream, input_topic};
use crate::support::{Broker, OpenTransactions, Producer, Tidegauge};

const PARTITIONS: usize = 8;
const PROCESSES: usize = 3;
const KILLS_MIN: usize = 10;
const STOPS_MIN: usize = 3;

/// Injected faults and their observed effects.
#[derive(Debug, Default)]
pub struct Faults {
    pub kills: usize,
    in_transaction: usize,
    stops: usize,
    rebalances: usize,
    starts_over: usize,
    slowest_stop: Duration,
}

/// True if `TIDEGAUGE_LONG` asks for the long variant of the tests.
pub fn is_long() -> bool {
    std::env::var_os("TIDEGAUGE_LONG").is_some()
}

#[test]
fn killed_processes_lose_and_double_nothing() {
    let Some(broker) = Broker::or_skip("killed_processes_lose_and_double_nothing") else {
        return;
    };
    let events = if is_long() { 1_000_000 } else { 200_000 };
    let stream = Stream {
        events,
        seed: 2,
        ..Stream::default()
    };
    let input = input_topic(&broker, "in", PARTITIONS);

    let disturbed = Deployment::new(&broker, &input);
    let begun = Instant::now();
    let writing = {
        let (broker, input) = (broker.clone(), input.clone());
        thread::spawn(move || write_slowly(&broker, &input, &stream))
    };
    let (mut processes, mut faults) = disturb(&disturbed, || writing.is_finished());
    writing.join().unwrap();
    let deadline = Duration::from_secs(if is_long() { 600 } else { 180 });
    await_end(&disturbed, &["fraud", "churn"], stream.end(), deadline);
    let took = begun.elapsed();
    for process in &mut processes {
        disturbed.stop(process);
        faults.note(process);
    }
    let left = Outcome::of(&disturbed);
    println!("{events} events in {took:?}");
    faults.assert_effective(&disturbed);

    left.assert_no_duplicates();
    let recount = Recount::of(&stream);
    let cells = recount.assert_reports(&left.reports, ("15m", 1), EVENTS_MIN)
        + recount.assert_reports(&left.reports, ("1h", 4), 0);
    assert_dead_letters(&stream, &disturbed);

    let alone = Deployment::new(&broker, &input);
    let mut process = alone.start();
    await_end(&alone, &["fraud", "churn"], stream.end(), deadline);
    alone.stop(&mut process);
    let undisturbed = Outcome::of(&alone);
    assert!(!undisturbed.alerts.is_empty() && undisturbed.references.len() == 2);
    left.assert_same(
        &undisturbed,
        "three disturbed processes against one undisturbed",
    );
    assert_dead_letters(&stream, &alone);
    println!(
        "{} reports, {cells} cells, {} alerts",
        left.reports.len(),
        left.alerts.len()
    );
}

/// Writes the stream over about the time that the faults take.
fn write_slowly(broker: &Broker, input: &str, stream: &Stream) {
    let producer = Producer::new(broker);
    let (chunk, pause) = (
        stream.events / 200,
        Duration::from_millis(if is_long() { 900 } else { 300 }),
    );
    for from in (0..stream.events).step_by(chunk) {
        stream.write(&producer, input, PARTITIONS, from, from + chunk);
        thread::sleep(pause);
    }
    stream.close(&producer, input, PARTITIONS);
}

/// Kills and stops processes at random times from a fixed seed, until there were enough faults and `is_written` returns
/// true. Returns the processes that are running.
pub fn disturb(deployment: &Deployment, is_written: impl Fn() -> bool) -> (Vec<Tidegauge>, Faults) {
    let mut random = Random(0x7469_6465);
    let mut faults = Faults::default();
    let mut processes: Vec<Tidegauge> = (0..PROCESSES).map(|_| deployment.start()).collect();
    processes[0].await_log("restored", Duration::from_secs(60));
    let open = OpenTransactions::of(&deployment.broker, &deployment.topic("panes.v1"));
    while faults.kills < KILLS_MIN || faults.stops < STOPS_MIN || !is_written() {
        thread::sleep(Duration::from_millis(200 + random.below(8_000)));
        let victim = random.below(PROCESSES as u64) as usize;
        if random.below(4) == 0 {
            faults.stop(&mut processes[victim]);
            processes[victim] = deployment.start();
            continue;
        }
        // Often two processes die at once, so that a new process takes over from another new one. Half of the kills
        // wait for an open transaction.
        let victims = 1 + random.below(2) as usize;
        if random.below(2) == 0 && open.await_one(Duration::from_secs(2)) {
            faults.in_transaction += 1;
        }
        for victim in (victim..victim + victims).map(|v| v % PROCESSES) {
            let exited = processes[victim].exited();
            assert!(
                exited.is_none(),
                "it died by itself, {exited:?}: {}",
                processes[victim].log()
            );
            processes[victim].kill();
            faults.note(&processes[victim]);
            faults.kills += 1;
        }
        for victim in (victim..victim + victims).map(|v| v % PROCESSES) {
            processes[victim] = deployment.start();
        }
    }
    (processes, faults)
}

impl Faults {
    fn stop(&mut self, process: &mut Tidegauge) {
        let asked = Instant::now();
        let status = process.terminate(STOP_MAX);
        assert!(status.success(), "{}", process.log());
        self.slowest_stop = self.slowest_stop.max(asked.elapsed());
        self.note(process);
        self.stops += 1;
    }

    /// Asserts that there were enough faults and that they interrupted a transaction.
    #[track_caller]
    pub fn assert_effective(&self, deployment: &Deployment) {
        let aborted = aborted_records(deployment);
        println!("{self:?}, {aborted} aborted records");
        assert!(
            self.kills >= KILLS_MIN && self.stops >= STOPS_MIN,
            "{self:?}"
        );
        assert!(
            self.rebalances > self.kills,
            "the faults moved nothing: {self:?}"
        );
        // A transaction that a kill leaves open between begin and commit may contain no records yet.
        assert!(
            aborted > 0 || self.in_transaction > 0,
            "no transaction was torn: {self:?}"
        );
    }

    /// Counts the effects of faults that the log of `process` mentions.
    pub fn note(&mut self, process: &Tidegauge) {
        let log = process.log();
        self.rebalances += log.matches("partitions assigned").count();
        self.starts_over += log.matches("temporary fault").count();
    }
}

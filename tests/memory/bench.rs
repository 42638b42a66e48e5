//! Test bench: a plan with short windows, and a worker that runs on the log in memory.
//!
//! Time advances with the turns, so every run is the same. The stopwatch advances a little on each reading. The wall
//! clock stands where a test sets it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tidegauge::codec::CODECS;
use tidegauge::event::{Limits, Tick};
use tidegauge::pipeline::observations::JoinObservations;
use tidegauge::pipeline::stage::Stage;
use tidegauge::pipeline::state::StateKey;
use tidegauge::pipeline::{self, Bounds, INTERNAL_PARTITIONS, LearningPlan, Topics};
use tidegauge::runtime::{Clock, Fault, FirstStart, Heartbeat, Log, Options, Worker};
use tidegauge::window::{WindowLength, WindowSpec};

use crate::ledger::Ledger;
use crate::memory_log::{MemoryLog, PlannedFault, StoredRecord};
use crate::traffic::{Event, MINUTE};

/// Maximum number of turns. A run that takes more does not come to rest.
const TURNS_MAX: u64 = 200_000;
/// Number of turns without a commit after which a run is complete.
const QUIET_TURNS: u32 = 4;

/// Time without partitions after which a worker makes its clients anew.
pub const JOIN_STALL_MAX: Duration = Duration::from_secs(360);
/// Time without progress of a restore after which a worker makes its clients anew.
pub const RESTORE_STALL_MAX: Duration = Duration::from_secs(60);

/// Stopwatch that advances by 50 µs on each reading, and a wall clock that stands where it is set.
#[derive(Clone, Default)]
pub struct TestClock {
    micros: Arc<AtomicU64>,
    wall: Arc<AtomicI64>,
}

impl TestClock {
    pub fn pass(&self, time: Duration) {
        self.micros
            .fetch_add(time.as_micros() as u64, Ordering::Relaxed);
    }

    pub fn set_wall(&self, millis: i64) {
        self.wall.store(millis, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Tick {
        Tick(self.wall.load(Ordering::Relaxed))
    }

    /// No record is too new as long as no test sets the wall clock.
    fn latest(&self) -> Tick {
        match self.now() {
            Tick(0) => Tick(i64::MAX),
            now => now,
        }
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.micros.fetch_add(50, Ordering::Relaxed))
    }
}

/// Number of partitions of the labels topic. It differs from that of the predictions topic.
pub const LABEL_PARTITIONS: usize = 2;

/// Plan that learns for two hours and evaluates windows of 15 minutes and one hour at every minute.
pub fn plan() -> pipeline::Plan {
    let window = |minutes| WindowSpec {
        length: WindowLength::from_minutes(minutes).unwrap(),
        step_minutes: 1,
    };
    pipeline::Plan {
        topics: Topics {
            predictions: vec!["in".into()],
            labels: Vec::new(),
            retired: Vec::new(),
            outcomes: "outcomes".into(),
            panes: "panes".into(),
            state: "state".into(),
            control: "control".into(),
            alerts_drift: "drift".into(),
            alerts_slo: "slo".into(),
            alerts_anomaly: "anomaly".into(),
            reports: "reports".into(),
            references: "references".into(),
            dead_letters: "dead-letters".into(),
        },
        codec: CODECS[0],
        limits: Limits::default(),
        disorder_millis: 2 * MINUTE,
        idle_timeout_millis: 5 * MINUTE,
        ticks: false,
        windows: vec![window(15), window(60)],
        learning: LearningPlan {
            span_minutes: 120,
            provisional_minutes: 120,
            events_min: 1_000,
            variability_minutes: 14 * 1_440,
        },
        reference: Default::default(),
        detect: Default::default(),
        volume: Default::default(),
        alert: Default::default(),
        bounds: Bounds {
            models_max: 10,
            versions_max: 10,
            features_max: 100,
            retire_minutes: 7 * 1_440,
        },
        join: Default::default(),
        quality: Default::default(),
        segments: Default::default(),
        objectives: Vec::new(),
    }
}

/// Parameters of a run.
#[derive(Clone)]
pub struct Setup {
    pub plan: Arc<pipeline::Plan>,
    pub partitions: usize,
    pub members: i32,
    pub flush: Duration,
    pub checkpoint: Duration,
    /// Turns at which all members die and new ones take over.
    pub crashes: Vec<u64>,
    pub faults: Vec<PlannedFault>,
    /// Where a new group begins to read.
    pub first: FirstStart,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            plan: Arc::new(plan()),
            partitions: 3,
            members: 1,
            flush: Duration::from_millis(20),
            checkpoint: Duration::from_millis(200),
            crashes: Vec::new(),
            faults: Vec::new(),
            first: FirstStart::Earliest,
        }
    }
}

/// Cluster, its members, and the calls to their meter.
pub struct Bench {
    pub log: MemoryLog,
    pub clock: TestClock,
    pub ledger: Arc<Ledger>,
    pub setup: Setup,
    /// Number of frames that new members read again to rebuild open panes.
    pub replayed: u64,
    /// Largest number of sketches that the open panes of one task held after a turn.
    pub open_sketches_peak: usize,
    workers: Vec<Worker<MemoryLog, TestClock>>,
    lives: u64,
    turns: u64,
}

impl Bench {
    /// Creates an empty cluster.
    pub fn new(setup: Setup) -> Self {
        let log = MemoryLog::default();
        log.create_topic("in", setup.partitions);
        if setup.plan.joins() {
            log.create_topic("labels", LABEL_PARTITIONS);
            log.create_topic("outcomes", INTERNAL_PARTITIONS as usize);
        }
        log.create_topic("control", 1);
        log.create_topic("panes", INTERNAL_PARTITIONS as usize);
        log.create_topic("state", INTERNAL_PARTITIONS as usize);
        log.plan_faults(setup.faults.iter().copied());
        Self::on(log, setup)
    }

    /// Creates a bench without members, on a cluster that may hold data.
    pub fn on(log: MemoryLog, setup: Setup) -> Self {
        Self {
            log,
            setup,
            clock: TestClock::default(),
            ledger: Arc::default(),
            replayed: 0,
            open_sketches_peak: 0,
            workers: Vec::new(),
            lives: 0,
            turns: 0,
        }
    }

    /// Creates a cluster that has read `events` to their end.
    pub fn over(events: &[Event], setup: Setup) -> Self {
        let mut bench = Self::new(setup);
        bench.produce(events);
        bench.settle().unwrap();
        bench
    }

    /// Creates a cluster that has judged `events`: their panes are closed by an event this many minutes after the last one.
    pub fn judged(events: &[Event], plan: pipeline::Plan, minutes: i64) -> Self {
        let mut bench = Self::new(Setup {
            plan: Arc::new(plan),
            ..Setup::default()
        });
        bench.produce(events);
        bench.close_at(events.last().unwrap().time + minutes * MINUTE);
        bench.settle().unwrap();
        bench
    }

    /// Distributes events over the partitions of the input in turn.
    pub fn produce(&self, events: &[Event]) {
        for (n, event) in events.iter().enumerate() {
            self.produce_to((n % self.setup.partitions) as i32, event);
        }
    }

    pub fn produce_to(&self, partition: i32, event: &Event) {
        let record = StoredRecord {
            key: Some(vec![partition as u8, 0xff]),
            value: Some(event.payload.clone()),
            headers: vec![("origin".into(), vec![0xfe, 1])],
            arrival: Some(event.arrival),
        };
        self.log.produce("in", partition, record);
    }

    /// Distributes labels over the partitions of their topic in turn. The partitions differ from those of the
    /// predictions.
    pub fn produce_labels(&self, labels: &[Event]) {
        for (n, label) in labels.iter().enumerate() {
            self.produce_label_to(n % LABEL_PARTITIONS, label);
        }
    }

    fn produce_label_to(&self, partition: usize, label: &Event) {
        let record = StoredRecord {
            key: None,
            value: Some(label.payload.clone()),
            headers: Vec::new(),
            arrival: Some(label.arrival),
        };
        self.log.produce("labels", partition as i32, record);
    }

    /// Last report of each join to the meter.
    pub fn joins(&self) -> Vec<JoinObservations> {
        self.ledger.said().joins.into_values().collect()
    }

    /// Produces one event at `time` in every partition. If `time` is later than all other events, it closes all panes
    /// before.
    pub fn close_at(&self, time: i64) {
        for partition in 0..self.setup.partitions as i32 {
            let id = format!("closer-{partition}");
            self.produce_to(partition, &Event::bare("closer", "", &id, time));
        }
        if self.setup.plan.joins() {
            for partition in 0..LABEL_PARTITIONS {
                let json = format!(r#"{{"id":"nobody-{partition}","label":"yes"}}"#);
                self.produce_label_to(partition, &Event::at(time, json));
            }
        }
    }

    /// Lets all members die without notice; new ones join.
    pub fn take_over_all(&mut self) {
        let plan = Arc::clone(&self.setup.plan);
        self.take_over(&plan.topics.read().collect::<Vec<_>>());
    }

    /// Lets all members die without notice; new ones join and read only `topics`.
    pub fn take_over(&mut self, topics: &[&str]) {
        self.lives += 1;
        let join = |log| {
            let options = Options {
                flush_interval: self.setup.flush,
                checkpoint_interval: self.setup.checkpoint,
                first: self.setup.first,
                incarnation: 7_000 + self.lives,
                restore_stall_max: RESTORE_STALL_MAX,
                join_stall_max: JOIN_STALL_MAX,
                revoke_time_max: Duration::from_secs(20),
            };
            let plan = Arc::clone(&self.setup.plan);
            Worker::new(
                log,
                self.clock.clone(),
                plan,
                options,
                self.ledger.clone(),
                Heartbeat::default(),
            )
        };
        self.workers = self
            .log
            .join_many(topics, self.setup.members)
            .into_iter()
            .map(join)
            .collect();
    }

    /// Stops every member: each flushes a last time and leaves.
    pub fn stop(&mut self) {
        for worker in self.workers.drain(..) {
            worker.run(&AtomicBool::new(true), |outcome| outcome.unwrap());
        }
    }

    /// Runs one turn of every member.
    pub fn turn(&mut self) -> Result<(), Fault> {
        for worker in &mut self.workers {
            let was_restoring = worker.tasks().is_none();
            worker.turn()?;
            if let Some(tasks) = worker.tasks().filter(|_| was_restoring) {
                let again = tasks
                    .evaluate
                    .values()
                    .map(|e| e.intake().next_offset() - e.intake().read_from());
                self.replayed += again.map(i64::unsigned_abs).sum::<u64>();
            }
            let tasks = worker.tasks().into_iter();
            let open = tasks.flat_map(|tasks| tasks.evaluate.values().map(|e| e.open_sketches()));
            self.open_sketches_peak = open.fold(self.open_sketches_peak, usize::max);
        }
        self.turns += 1;
        assert!(self.turns < TURNS_MAX, "the run does not come to rest");
        Ok(())
    }

    /// Runs turns until everything is read, evaluated and committed, through all planned crashes.
    pub fn settle(&mut self) -> Result<(), Fault> {
        if self.workers.is_empty() {
            self.take_over_all();
        }
        let (mut commits, mut quiet) = (self.ledger.commits(), 0);
        while quiet < QUIET_TURNS {
            self.turn()?;
            if self.setup.crashes.contains(&self.turns) {
                self.take_over_all();
            }
            if self.is_read() {
                self.clock.pass(self.setup.flush);
                quiet = if self.ledger.commits() == commits {
                    quiet + 1
                } else {
                    0
                };
                commits = self.ledger.commits();
            } else {
                quiet = 0;
            }
        }
        Ok(())
    }

    /// True if every member is running and has read its input partitions to the end.
    fn is_read(&mut self) -> bool {
        let mut reached = Vec::new();
        for worker in &self.workers {
            let Some(tasks) = worker.tasks() else {
                return false;
            };
            let ingests = tasks.ingest.iter();
            reached.extend(ingests.map(|(at, task)| (at.clone(), task.ingest.next_offset())));
        }
        let mut end = |at| self.log.first_offset(at, FirstStart::Latest).unwrap();
        reached.iter().all(|(at, next)| *next >= end(at))
    }

    /// Clock of the evaluate task of `model`, in milliseconds; `None` if the task has no clock yet.
    pub fn clock_of(&self, model: &str) -> Option<i64> {
        let partition = pipeline::partition::partition_of_model(model) as i32;
        let tasks = self.workers.iter().filter_map(Worker::tasks);
        tasks
            .filter_map(|t| t.evaluate.get(&partition)?.clock())
            .map(|clock| clock.0)
            .next()
    }

    /// Live entries of the state topic.
    pub fn state(&self) -> BTreeMap<(i32, Vec<u8>), Vec<u8>> {
        let mut state = BTreeMap::new();
        self.log.tamper("state", |partition, records| {
            for record in records.iter().flatten() {
                let key = (partition, record.key.clone().unwrap());
                match &record.value {
                    Some(value) => state.insert(key, value.clone()),
                    None => state.remove(&key),
                };
            }
        });
        state
    }

    /// Number of references in the state.
    pub fn references_in_state(&self) -> usize {
        let is_reference = |(_, key): &(i32, Vec<u8>)| {
            let (_, key, part): (u8, StateKey, u16) = postcard::from_bytes(key).unwrap();
            matches!(key, StateKey::Reference(..)) && part == 0
        };
        self.state().into_keys().filter(is_reference).count()
    }
}

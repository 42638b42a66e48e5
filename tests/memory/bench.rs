//! A workbench: events, a plan with short windows, and a run of the worker over the log in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tidegauge::codec::CODECS;
use tidegauge::event::{Limits, Tick};
use tidegauge::pipeline::{self, Bounds, Learning, Topics};
use tidegauge::runtime::meter::NoMeter;
use tidegauge::runtime::{Clock, FirstStart, MemoryLog, Options, StoredRecord, Worker};
use tidegauge::window::{WindowLength, WindowSpec};

/// 2026-01-05 00:00 UTC, in milliseconds.
pub const START: i64 = 1_767_571_200_000;

/// A clock that moves a millisecond each time it is read.
#[derive(Clone, Default)]
pub struct TestClock(Arc<AtomicI64>);

impl Clock for TestClock {
    fn now(&self) -> Tick {
        Tick(START + self.0.load(Ordering::Relaxed))
    }
    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.fetch_add(50, Ordering::Relaxed).unsigned_abs())
    }
}

pub struct Event {
    pub id: String,
    pub time: i64,
    pub json: String,
}

/// `minutes` of seeded events, `per_minute` each; in the last two hours the amount is ten times as large.
pub fn events(seed: u64, minutes: i64, per_minute: i64) -> Vec<Event> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut events = Vec::new();
    for minute in 0..minutes {
        for n in 0..per_minute {
            let time = START + minute * 60_000 + n * 60_000 / per_minute;
            let sum: f64 = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
            let scale = if minute >= minutes - 120 { 10.0 } else { 1.0 };
            let amount = scale * (3.0 + sum).exp();
            let country = ["de", "fr", "us", "gb", "nl"][random.usize(0..5)];
            let id = format!("{minute}-{n}");
            let json = format!(
                r#"{{"id":"{id}","model":"fraud","version":"1","timestamp":{time},"features":{{"amount":{amount},"country":"{country}","age":{}}},"prediction":{{"label":"ok","score":{}}}}}"#,
                random.u32(18..90),
                random.f64()
            );
            events.push(Event { id, time, json });
        }
    }
    events
}

pub struct Plan {
    pub partitions: i32,
    pub flush: Duration,
    pub records_per_life: Option<u64>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            partitions: 3,
            flush: Duration::from_millis(20),
            records_per_life: None,
        }
    }
}

pub fn pipeline_plan() -> pipeline::Plan {
    let window = |minutes, step_minutes| WindowSpec {
        length: WindowLength::from_minutes(minutes).unwrap(),
        step_minutes,
    };
    pipeline::Plan {
        topics: Topics {
            predictions: vec!["in".into()],
            retired: Vec::new(),
            panes: "panes".into(),
            state: "state".into(),
            alerts_drift: "drift".into(),
            alerts_anomaly: "anomaly".into(),
            reports: "reports".into(),
            references: "references".into(),
            dead_letters: "dead-letters".into(),
        },
        codec: CODECS[0],
        limits: Limits::default(),
        disorder_millis: 120_000,
        idle_timeout_millis: 300_000,
        ticks: false,
        windows: vec![window(15, 1), window(60, 1), window(1_440, 15)],
        learning: Learning {
            span_minutes: 1_440,
            events_min: 1_000,
            habit_minutes: 14 * 1_440,
        },
        detect: Default::default(),
        alert: Default::default(),
        bounds: Bounds {
            models_max: 10,
            versions_max: 10,
            features_max: 100,
            retire_minutes: 7 * 1_440,
        },
    }
}

pub struct Run {
    log: MemoryLog,
}

impl Run {
    pub fn over(events: &[Event], plan: Plan) -> Self {
        let log = MemoryLog::default();
        log.create_topic("in", plan.partitions as usize);
        log.create_topic("panes", 16);
        log.create_topic("state", 16);
        for (n, event) in events.iter().enumerate() {
            let partition = n as i32 % plan.partitions;
            let record = StoredRecord {
                value: Some(event.json.clone().into_bytes()),
                arrival: Some(event.time),
                ..Default::default()
            };
            log.produce("in", partition, record);
        }
        let options = Options {
            flush_interval: plan.flush,
            checkpoint_interval: Duration::from_millis(200),
            first: FirstStart::Earliest,
            incarnation: 7,
        };
        let member = log.join(&["in", "panes"]);
        let mut worker = Worker::new(
            member,
            TestClock::default(),
            Arc::new(pipeline_plan()),
            options,
            Arc::new(NoMeter),
        );
        for _ in 0..200_000 {
            worker.turn().unwrap();
            if let Some(tasks) = worker.tasks() {
                let drained = tasks.ingest.iter().all(|(at, t)| {
                    t.ingest.next_offset() as usize
                        == events.len() / plan.partitions as usize
                            + usize::from(
                                events.len() % plan.partitions as usize > at.partition as usize,
                            )
                        && !t.ingest.has_news()
                });
                let judged = tasks.evaluate.values().all(|e| !e.has_work());
                if drained
                    && judged
                    && tasks.evaluate.values().any(|e| {
                        e.clock()
                            .is_some_and(|c| c.0 >= events.last().unwrap().time - 130_000)
                    })
                {
                    break;
                }
            }
        }
        for _ in 0..2000 {
            worker.turn().unwrap();
        }
        Self { log }
    }
    pub fn alerts(&self) -> Vec<StoredRecord> {
        let mut all = self.log.read("drift");
        all.extend(self.log.read("anomaly"));
        all
    }
    pub fn reports(&self) -> Vec<StoredRecord> {
        self.log.read("reports")
    }
}

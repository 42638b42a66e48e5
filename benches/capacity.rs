//! What a deployment costs: memory, processor time and bytes on topics, by model, feature, segment and window.
//!
//! Run `cargo bench --bench capacity`. It takes some minutes on one core. Each case is a process of its own, so that the
//! memory of one does not hide that of another. A case drives the three stages over hours of event time, without a
//! broker, and flushes once per minute of event time. `docs/capacity.md` explains the cases and holds a result.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use tidegauge::config::{ConfigSources, load};
use tidegauge::event::{ArrivalTime, Record, Tick};
use tidegauge::pipeline::INTERNAL_PARTITIONS;
use tidegauge::pipeline::evaluate::Evaluate;
use tidegauge::pipeline::frame::{Frame, SourceId, Summary, pack};
use tidegauge::pipeline::ingest::{Flushed, Ingest};
use tidegauge::pipeline::join::JoinTask;
use tidegauge::pipeline::output::OutputTopic;
use tidegauge::pipeline::stage::{Stage, StageFlush};

const NOON: i64 = 1_762_171_200_000;
const MINUTE: i64 = 60_000;
/// Long enough to fill the window of 24 hours, and to learn the reference of 24 hours.
const DAY_AND_A_QUARTER: i64 = 30 * 60;
/// Minutes between two checkpoints of open panes; the default.
const CHECKPOINT: i64 = 5;
/// Minutes from a prediction to its label.
const DELAY: i64 = 60;

type Failure = Box<dyn std::error::Error>;

/// A deployment: its traffic and its settings.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    models: i64,
    numeric: i64,
    categorical: i64,
    /// Predictions of each model per minute.
    per_minute: i64,
    /// Minutes of event time.
    minutes: i64,
    /// How many of the default windows are judged, the shortest first.
    windows: usize,
    settings: &'static [(&'static str, &'static str)],
}

const BASE: Case = Case {
    name: "1 model, 20 numeric features, 60 predictions a minute",
    models: 1,
    numeric: 20,
    categorical: 0,
    per_minute: 60,
    minutes: DAY_AND_A_QUARTER,
    windows: 5,
    settings: &[],
};
const THIN: Case = Case {
    name: "1 model, 20 numeric features, 1 prediction a minute",
    per_minute: 1,
    ..BASE
};
const CASES: [Case; 13] = [
    BASE,
    Case {
        name: "+ 20 numeric features",
        numeric: 40,
        ..BASE
    },
    Case {
        name: "+ 20 categorical features of 10 values",
        categorical: 20,
        ..BASE
    },
    Case {
        name: "10 × the predictions",
        per_minute: 600,
        ..BASE
    },
    Case {
        name: "+ a segment key of 10 values",
        settings: &[("segments.keys", "tier")],
        ..BASE
    },
    Case {
        name: "+ labels an hour later",
        settings: &[("topics.labels", "labels")],
        ..BASE
    },
    Case {
        name: "only windows of 15 minutes",
        windows: 1,
        ..BASE
    },
    Case {
        name: "only windows of 15 minutes, 1 hour and 24 hours",
        windows: 3,
        ..BASE
    },
    THIN,
    Case {
        name: "50 such models",
        models: 50,
        ..THIN
    },
    Case {
        name: "one such model with a segment key of 10 values",
        settings: &[("segments.keys", "tier")],
        ..THIN
    },
    Case {
        name: "100 numeric features, 60 predictions a minute",
        numeric: 100,
        ..BASE
    },
    Case {
        name: "a backlog of 600,000 predictions over 40 hours, 20 numeric features",
        per_minute: 250,
        minutes: 40 * 60,
        ..BASE
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = words.iter().find_map(|word| word.parse::<usize>().ok());
    let done = match number.and_then(|number| CASES.get(number)) {
        Some(case) => measure(case).map(|measured| println!("{}", measured.line())),
        None => compare(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs each case in a process of its own, and prints a row for each.
fn compare() -> Result<(), Failure> {
    println!(
        "| deployment | memory, MB | µs of processor per event | state, KB | panes, KB/h | outcomes, KB/h | reports, KB/h |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (number, case) in CASES.iter().enumerate() {
        let child = Command::new(std::env::current_exe()?)
            .arg(number.to_string())
            .output()?;
        if !child.status.success() {
            return Err(String::from_utf8_lossy(&child.stderr).into_owned().into());
        }
        println!(
            "| {} {}",
            case.name,
            String::from_utf8_lossy(&child.stdout).trim()
        );
    }
    Ok(())
}

/// What one case cost.
#[derive(Default)]
struct Measured {
    /// Minutes of event time.
    minutes: i64,
    events: i64,
    resident_bytes: u64,
    processor_nanos: u64,
    /// Entries of the state topic after compaction.
    state: BTreeMap<(i32, Vec<u8>), usize>,
    panes_bytes: usize,
    outcomes_bytes: usize,
    reports_bytes: usize,
}

impl Measured {
    fn line(&self) -> String {
        let hourly = |bytes: usize| bytes as f64 / 1024.0 / (self.minutes / 60) as f64;
        let state: usize = self.state.values().sum();
        let mut line = String::new();
        let _ = write!(
            line,
            "| {:.1} | {:.1} | {:.0} | {:.0} | {:.0} | {:.0} |",
            self.resident_bytes as f64 / (1 << 20) as f64,
            self.processor_nanos as f64 / 1e3 / self.events as f64,
            state as f64 / 1024.0,
            hourly(self.panes_bytes),
            hourly(self.outcomes_bytes),
            hourly(self.reports_bytes),
        );
        line
    }

    fn wrote<O>(&mut self, partition: i32, flush: &StageFlush<O>) {
        let reports = flush.writes.outputs.iter();
        let reports = reports.filter(|output| output.topic == OutputTopic::Reports);
        self.reports_bytes += reports.map(|output| output.value.len()).sum::<usize>();
        for (key, value) in &flush.writes.state {
            match value {
                Some(value) => self
                    .state
                    .insert((partition, key.clone()), key.len() + value.len()),
                None => self.state.remove(&(partition, key.clone())),
            };
        }
    }
}

fn measure(case: &Case) -> Result<Measured, Failure> {
    let mut deployment = Deployment::new(case)?;
    let (resident, processor) = (resident_bytes()?, processor_nanos()?);
    for minute in 0..case.minutes {
        deployment.minute(case, minute)?;
    }
    let mut measured = std::mem::take(&mut deployment.measured);
    measured.minutes = case.minutes;
    measured.resident_bytes = resident_bytes()?.saturating_sub(resident);
    measured.processor_nanos = processor_nanos()?.saturating_sub(processor);
    drop(deployment); // only now: its memory was measured
    Ok(measured)
}

/// All tasks of a deployment with one partition of predictions, and one of labels.
struct Deployment {
    predictions: Ingest,
    labels: Ingest,
    joins: Vec<JoinTask>,
    evaluates: Vec<Evaluate>,
    joined: bool,
    random: fastrand::Rng,
    offset: i64,
    measured: Measured,
}

impl Deployment {
    fn new(case: &Case) -> Result<Self, Failure> {
        let mut sources = ConfigSources::default();
        for (key, value) in case.settings {
            sources = sources.flag("bench", key, (*value).to_owned());
        }
        let mut plan = load(&sources)?.plan;
        plan.windows.truncate(case.windows);
        let plan = Arc::new(plan);
        let source = |topic: &str| SourceId {
            topic: topic.to_owned(),
            partition: 0,
        };
        let ingest = |topic| Ingest::begin(Arc::clone(&plan), source(topic), 1, 1, 0);
        let internal = 0..i32::try_from(INTERNAL_PARTITIONS)?;
        Ok(Self {
            predictions: ingest("predictions"),
            labels: ingest("labels"),
            joins: internal
                .clone()
                .map(|p| JoinTask::begin(&plan, p, 1, 0))
                .collect(),
            evaluates: internal.map(|p| Evaluate::begin(&plan, p, 1, 0)).collect(),
            joined: plan.joins(),
            random: fastrand::Rng::with_seed(1),
            offset: 0,
            measured: Measured::default(),
        })
    }

    /// One minute of traffic: reads it, flushes, and judges what has closed.
    fn minute(&mut self, case: &Case, minute: i64) -> Result<(), Failure> {
        for n in 0..case.per_minute {
            let time = NOON + minute * MINUTE + n * MINUTE / case.per_minute;
            for model in 0..case.models {
                let event = prediction(&mut self.random, case, model, (minute, n), time);
                self.offset += 1;
                self.predictions
                    .submit(self.offset, &record(&event, time), Tick(time));
                if self.joined {
                    let label = label(model, (minute - DELAY, n));
                    self.labels
                        .submit(self.offset, &record(&label, time), Tick(time));
                }
                self.measured.events += 1;
            }
        }
        let flushed = self.predictions.flush(after(minute));
        self.pass_on(flushed, minute)?;
        if self.joined {
            let flushed = self.labels.flush(after(minute));
            self.pass_on(flushed, minute)?;
            self.join(minute)?;
        }
        self.evaluate(minute)
    }

    fn pass_on(&mut self, flushed: Flushed, minute: i64) -> Result<(), Failure> {
        self.judge(flushed.panes, minute)?;
        for (frame, join) in flushed.outcomes.into_iter().zip(&mut self.joins) {
            for record in pack(vec![frame])? {
                self.measured.outcomes_bytes += record.len();
                join.submit(minute, &record)?;
            }
        }
        Ok(())
    }

    fn judge(&mut self, frames: Vec<Frame<Summary>>, minute: i64) -> Result<(), Failure> {
        for (frame, evaluate) in frames.into_iter().zip(&mut self.evaluates) {
            for record in pack(vec![frame])? {
                self.measured.panes_bytes += record.len();
                evaluate.submit(minute, &record)?;
            }
        }
        Ok(())
    }

    fn join(&mut self, minute: i64) -> Result<(), Failure> {
        let mut frames = Vec::new();
        for (partition, join) in (0..).zip(&mut self.joins) {
            while join.has_work() {
                join.step()?;
            }
            if let Some(flush) = join.flush(after(minute))? {
                self.measured.wrote(partition, &flush);
                frames.push(flush.panes);
            }
        }
        frames
            .into_iter()
            .try_for_each(|panes| self.judge(panes, minute))
    }

    fn evaluate(&mut self, minute: i64) -> Result<(), Failure> {
        for (partition, evaluate) in (0..).zip(&mut self.evaluates) {
            while evaluate.has_work() {
                evaluate.step()?;
            }
            if minute % CHECKPOINT == 0 {
                evaluate.checkpoint()?;
            }
            if let Some(flush) = evaluate.flush(after(minute))? {
                self.measured.wrote(partition, &flush);
            }
        }
        Ok(())
    }
}

/// The wall clock at the end of `minute`.
fn after(minute: i64) -> Tick {
    Tick(NOON + (minute + 1) * MINUTE)
}

fn record(payload: &str, time: i64) -> Record<'_> {
    Record {
        payload: Some(payload.as_bytes()),
        arrival: Some(ArrivalTime(time)),
        traceparent: None,
        headers_readable: true,
    }
}

/// A prediction. Numbers are well spread, so that a busy feature fills its histogram.
fn prediction(
    random: &mut fastrand::Rng,
    case: &Case,
    model: i64,
    (minute, n): (i64, i64),
    time: i64,
) -> String {
    let mut features = String::new();
    for f in 0..case.numeric {
        let _ = write!(features, r#""n{f}":{:.4},"#, random.f64() * 100.0);
    }
    for f in 0..case.categorical {
        let _ = write!(features, r#""c{f}":"value-{}","#, random.u32(0..10));
    }
    format!(
        r#"{{"id":"{model}-{minute}-{n}","model":"m{model}","version":"1","timestamp":{time},"features":{{{}}},"prediction":{{"label":"{}","score":{:.3}}},"segments":{{"tier":"t{}"}},"latency_ms":{}}}"#,
        features.trim_end_matches(','),
        if random.u32(0..20) == 0 {
            "fraud"
        } else {
            "legit"
        },
        random.f64(),
        random.u32(0..10),
        random.u32(5..50),
    )
}

fn label(model: i64, (minute, n): (i64, i64)) -> String {
    let truth = if (minute + n) % 20 == 0 {
        "fraud"
    } else {
        "legit"
    };
    format!(r#"{{"id":"{model}-{minute}-{n}","label":"{truth}"}}"#)
}

/// Resident memory of this process. Linux only.
fn resident_bytes() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.ok_or("no VmRSS")?.parse::<u64>()? * 1024)
}

/// Processor time of this thread. Other load on the machine does not count. Linux only.
fn processor_nanos() -> Result<u64, Failure> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = statistics.split(' ').next().ok_or("no schedstat")?;
    Ok(first.parse()?)
}

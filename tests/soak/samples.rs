//! Samples of a running process, their table, and the rule that says whether they stay flat.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::Tidegauge;

/// Share of the run that is warm-up: names and panes of that time are still new to the process.
pub const WARM_UP: f64 = 1.0 / 3.0;
/// Growth of memory after warm-up that is accepted: a twentieth, or this many MiB if that is more. The allocator's own
/// ups and downs are within it; a leak of 100 bytes for each of 20 million events is 2 GB.
pub const GROWTH_MAX_MIB: f64 = 10.0;
const GROWTH_MAX: f64 = 0.05;

/// State of the process at one time.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Wall time since the beginning of the steady load, in seconds.
    pub at_secs: f64,
    /// Predictions written so far.
    pub written: u64,
    /// Days of event time since the beginning.
    pub event_days: f64,
    /// Resident memory in MiB.
    pub rss_mib: f64,
    /// Open descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: usize,
    /// Series in `/metrics`.
    pub series: usize,
    /// Size of the partitions of the state topic on the broker's disk, in MiB.
    pub state_mib: f64,
    /// Models that the process holds.
    pub models: f64,
    /// Seconds of event time by which the slowest partition is behind what was written.
    pub lag_secs: f64,
    /// CPU time of the process since the last sample, as a share of one core.
    pub cpu: f64,
    /// Slowest answer of `/metrics`, `/status`, `/livez` and `/readyz`.
    pub answer: Duration,
}

/// What `/proc` says of a process.
pub struct ProcessView {
    pub rss_mib: f64,
    pub descriptors: usize,
    pub threads: usize,
    pub cpu: Duration,
}

impl ProcessView {
    /// Reads it.
    pub fn of(process: &Tidegauge) -> Self {
        let root = Path::new("/proc").join(process.id().to_string());
        let status = fs::read_to_string(root.join("status")).unwrap();
        let number = |name: &str| -> usize {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let words = line.unwrap().split_whitespace().next();
            words.unwrap().parse().unwrap()
        };
        Self {
            rss_mib: number("VmRSS:") as f64 / 1_024.0,
            threads: number("Threads:"),
            descriptors: fs::read_dir(root.join("fd")).unwrap().count(),
            cpu: process.cpu(),
        }
    }
}

/// Name of a column and its value.
type Column = (&'static str, fn(&Sample) -> f64);

/// The table's columns.
const COLUMNS: [Column; 12] = [
    ("minute", |s| s.at_secs / 60.0),
    ("written", |s| s.written as f64),
    ("event_days", |s| s.event_days),
    ("rss_mib", |s| s.rss_mib),
    ("descriptors", |s| s.descriptors as f64),
    ("threads", |s| s.threads as f64),
    ("series", |s| s.series as f64),
    ("state_mib", |s| s.state_mib),
    ("models", |s| s.models),
    ("lag_secs", |s| s.lag_secs),
    ("cpu_share", |s| s.cpu),
    ("answer_ms", |s| s.answer.as_secs_f64() * 1e3),
];

/// Head of the table for people.
pub fn head() -> String {
    COLUMNS
        .iter()
        .map(|(name, _)| format!("{name:>12}"))
        .collect()
}

/// Row of the table for people.
pub fn row(sample: &Sample) -> String {
    let cells = COLUMNS.iter().map(|(_, value)| value(sample));
    cells.map(|x| format!("{:>12}", short(x))).collect()
}

/// The table as CSV.
pub fn csv(samples: &[Sample]) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let mut text = names.join(",") + "\n";
    for sample in samples {
        let cells = COLUMNS.iter().map(|(_, value)| short(value(sample)));
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join(","));
    }
    text
}

fn short(x: f64) -> String {
    if x == x.trunc() {
        format!("{x}")
    } else {
        format!("{x:.2}")
    }
}

/// Growth of the resident memory after warm-up: the straight line that fits best, at the end less at the beginning, in
/// MiB, and the growth that is accepted.
pub fn memory_growth(samples: &[Sample]) -> (f64, f64) {
    let steady = after_warm_up(samples);
    let n = steady.len() as f64;
    let mean = |value: fn(&Sample) -> f64| steady.iter().map(value).sum::<f64>() / n;
    let (x, y) = (mean(|s| s.at_secs), mean(|s| s.rss_mib));
    let moment = |weigh: &dyn Fn(&Sample) -> f64| steady.iter().map(weigh).sum::<f64>();
    let slope =
        moment(&|s| (s.at_secs - x) * (s.rss_mib - y)) / moment(&|s| (s.at_secs - x).powi(2));
    let span = steady[steady.len() - 1].at_secs - steady[0].at_secs;
    (slope * span, (y * GROWTH_MAX).max(GROWTH_MAX_MIB))
}

/// Asserts that a count does not grow: its largest value in the second half of the steady time is none that was not
/// reached before.
#[track_caller]
pub fn assert_no_growth(samples: &[Sample], what: &str, count: fn(&Sample) -> usize) {
    let steady = after_warm_up(samples);
    let (first, second) = steady.split_at(steady.len() / 2);
    let most = |part: &[Sample]| part.iter().map(count).max().unwrap_or(0);
    let (before, after) = (most(first), most(second));
    assert!(after <= before, "{what} grew from {before} to {after}");
}

fn after_warm_up(samples: &[Sample]) -> &[Sample] {
    let steady = &samples[(samples.len() as f64 * WARM_UP) as usize..];
    assert!(steady.len() >= 4, "{} samples are too few", samples.len());
    steady
}

/// Time until a function has returned, and what it returned.
pub fn timed<T>(call: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let value = call();
    (begun.elapsed(), value)
}

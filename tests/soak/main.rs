//! Soak: one process under half of its load for an hour, with names that come and go. Memory must stay flat after
//! warm-up, and neither descriptors nor threads may grow. `scripts/soak [MINUTES]` runs it.
//!
//! **Load.** First the traffic is written as fast as the producer can. The predictions that the process counts per second
//! meanwhile are its capacity beside a producer and a broker on this machine. The steady load is half of it.
//!
//! **Time.** Event time runs faster than wall time ([`traffic`]), so that names are forgotten within the run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../deployment/mod.rs"]
mod deployment;
#[path = "../support/mod.rs"]
mod support;

mod samples;
mod traffic;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant, SystemTime};

use deployment::Deployment;
use samples::{ProcessView, Sample, assert_no_growth, csv, head, memory_growth, row, timed};
use support::{Broker, Producer, Tidegauge, wait_for};
use traffic::{CONFIG, EVENTS_PER_MINUTE, Traffic, models_silent_for};

const PARTITIONS: u64 = 4;
const DAY: i64 = 86_400_000;
/// Age of the first event in days. An hour at 40,000 predictions per second is 200 days.
const AGE_DAYS: i64 = 300;
/// Bytes that the input keeps per partition. The run would write tens of gigabytes.
const RETENTION: &[(&str, &str)] = &[
    ("retention.ms", "-1"),
    ("retention.bytes", "134217728"),
    ("segment.bytes", "33554432"),
];
/// Shortest run, in minutes, of which memory is judged: names live for up to eight days of event time.
const JUDGED_MINUTES_MIN: f64 = 20.0;
/// Time limit for the process to count what was written.
const CATCH_UP_MAX: Duration = Duration::from_secs(120);
const PAGES: [&str; 4] = ["/metrics", "/status", "/livez", "/readyz"];

/// Settings of the run.
struct Run {
    minutes: f64,
    /// Predictions per second; `None` to measure the capacity and take half.
    rate: Option<f64>,
    /// Data directory of the broker, to see the size of the state topic.
    data: Option<PathBuf>,
    /// File for the table.
    csv: PathBuf,
}

/// A process under load, and the next record to write.
struct Soak<'a> {
    deployment: &'a Deployment,
    process: Tidegauge,
    traffic: &'a Traffic,
    producer: Producer,
    written: AtomicU64,
}

#[test]
#[ignore = "takes as long as it is told: scripts/soak [MINUTES]"]
fn memory_descriptors_and_threads_stay_flat() {
    let Some(broker) = Broker::or_skip("memory_descriptors_and_threads_stay_flat") else {
        return;
    };
    let run = Run::chosen();
    let (traffic, deployment) = set_up(&broker);
    let mut process = deployment.start();
    process.await_log("state restored", Duration::from_secs(60));
    let soak = Soak {
        deployment: &deployment,
        process,
        traffic: &traffic,
        producer: Producer::new(&broker),
        written: AtomicU64::new(0),
    };
    let rate = run.rate.unwrap_or_else(|| soak.measure(run.minutes) / 2.0);
    let minutes_per_second = rate / EVENTS_PER_MINUTE as f64;
    println!("{rate:.0} predictions/s, {minutes_per_second:.1} minutes of event time per second");
    let samples = soak.steady(&run, rate);
    fs::write(&run.csv, csv(&samples)).unwrap();
    soak.await_counted();
    soak.assert_metrics(&samples);
    let Soak { mut process, .. } = soak;
    deployment.stop(&mut process);
    judge(&samples, run.minutes);
}

/// Prints the verdict on memory, descriptors and threads, and fails if one of them grew.
fn judge(samples: &[Sample], minutes: f64) {
    let (growth, accepted) = memory_growth(samples);
    println!(
        "memory after warm-up: {growth:+.1} MiB by the fitted line, accepted {accepted:.1} MiB"
    );
    assert_no_growth(samples, "descriptors", |s| s.descriptors);
    assert_no_growth(samples, "threads", |s| s.threads);
    if minutes >= JUDGED_MINUTES_MIN {
        assert!(growth <= accepted, "memory grew by {growth:.1} MiB");
    }
}

fn set_up(broker: &Broker) -> (Traffic, Deployment) {
    let topic = |what: &str| {
        let name = broker.name(what);
        broker.create_topic_as(&name, PARTITIONS as usize, RETENTION);
        name
    };
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    let traffic = Traffic {
        predictions: topic("predictions"),
        labels: topic("labels"),
        partitions: PARTITIONS,
        start: (now / DAY - AGE_DAYS) * DAY,
    };
    let deployment = Deployment {
        labels: Some(traffic.labels.clone()),
        flush: "1s",
        more: CONFIG,
        ..Deployment::new(broker, &traffic.predictions)
    };
    (traffic, deployment)
}

impl Run {
    /// `TIDEGAUGE_SOAK_MINUTES` (60), `_RATE` (half of the capacity), `_DATA`, `_CSV` (`soak.csv` in cargo's directory).
    fn chosen() -> Self {
        let text = |name: &str| std::env::var(format!("TIDEGAUGE_SOAK_{name}")).ok();
        let number = |name: &str| text(name).map(|text| text.parse::<f64>().expect("a number"));
        let default = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("soak.csv");
        Self {
            minutes: number("MINUTES").unwrap_or(60.0),
            rate: number("RATE"),
            data: text("DATA").map(PathBuf::from),
            csv: text("CSV").map_or_else(default, PathBuf::from),
        }
    }

    /// Once a minute; in a short run more often, so that there are enough samples.
    fn sample_every(&self) -> Duration {
        Duration::from_secs_f64((self.minutes * 60.0 / 24.0).min(60.0))
    }
}

impl Soak<'_> {
    /// Predictions that the process counts per second while they are written as fast as possible.
    fn measure(&self, minutes: f64) -> f64 {
        let span = Duration::from_secs_f64((minutes * 60.0 / 20.0).clamp(5.0, 60.0));
        let begun = Instant::now();
        let mut text = String::new();
        while begun.elapsed() < span {
            self.write_one(&mut text);
            // The broker keeps a bounded part of the input; the process must not lose its place.
            if self.number().is_multiple_of(50_000) {
                let is_near = || self.number() as f64 - self.counted() < 200_000.0;
                wait_for("the process to follow", CATCH_UP_MAX, || {
                    is_near().then_some(())
                });
            }
        }
        self.await_counted();
        let capacity = self.number() as f64 / begun.elapsed().as_secs_f64();
        println!("capacity: {capacity:.0} predictions/s");
        capacity
    }

    /// Writes at a steady rate and samples the process meanwhile.
    fn steady(&self, run: &Run, rate: f64) -> Vec<Sample> {
        let begun = Instant::now();
        let span = Duration::from_secs_f64(run.minutes * 60.0);
        let mut samples: Vec<Sample> = Vec::new();
        let mut cpu = ProcessView::of(&self.process).cpu;
        println!("{}", head());
        thread::scope(|scope| {
            scope.spawn(|| self.write_at(rate, begun, span));
            while begun.elapsed() + run.sample_every() <= span {
                sleep(run.sample_every());
                let (sample, used) = self.sample(begun, cpu, run);
                println!("{}", row(&sample));
                samples.push(sample);
                cpu = used;
            }
        });
        samples
    }

    fn write_at(&self, rate: f64, begun: Instant, span: Duration) {
        let (first, mut text) = (self.number(), String::new());
        while begun.elapsed() < span {
            let due = first + (begun.elapsed().as_secs_f64() * rate) as u64;
            while self.number() < due {
                self.write_one(&mut text);
            }
            sleep(Duration::from_millis(20));
        }
        self.producer.flush();
    }

    fn write_one(&self, text: &mut String) {
        self.traffic.write(&self.producer, self.number(), text);
        self.written.fetch_add(1, Ordering::Relaxed);
    }

    fn number(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    fn sample(&self, begun: Instant, cpu: Duration, run: &Run) -> (Sample, Duration) {
        // Before the pages are asked for, so that the connections of these requests are not among the descriptors.
        let view = ProcessView::of(&self.process);
        let metrics = self.page("/metrics");
        let (slowest, _) = timed(|| PAGES.map(|path| self.page(path)));
        let lines = metrics.lines().filter(|line| !line.starts_with('#'));
        let newest = self.traffic.time(self.number()) as f64 / 1e3;
        let watermarks = values(&metrics, "tidegauge_watermark_seconds");
        let slowest_partition = watermarks.into_iter().fold(f64::INFINITY, f64::min);
        let share = (view.cpu - cpu).as_secs_f64() / run.sample_every().as_secs_f64();
        let sample = Sample {
            at_secs: begun.elapsed().as_secs_f64(),
            written: self.number(),
            event_days: (self.number() / EVENTS_PER_MINUTE) as f64 / 1_440.0,
            rss_mib: view.rss_mib,
            descriptors: view.descriptors,
            threads: view.threads,
            series: lines.count(),
            state_mib: self.state_mib(run),
            models: values(&metrics, "tidegauge_state_models").iter().sum(),
            lag_secs: newest - slowest_partition,
            cpu: share,
            answer: slowest,
        };
        (sample, view.cpu)
    }

    /// A page, which must answer 200.
    #[track_caller]
    fn page(&self, path: &str) -> String {
        let log = self.process.log_path().display();
        let response = self.process.get(path);
        let response = response.unwrap_or_else(|| panic!("{path} does not answer; log {log}"));
        assert_eq!(response.status, 200, "{path}: {}; log {log}", response.body);
        response.body
    }

    /// Size of the state topic on the broker's disk.
    fn state_mib(&self, run: &Run) -> f64 {
        let name = self.deployment.topic("state.v1");
        let Some(data) = &run.data else { return 0.0 };
        let partitions = fs::read_dir(data)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let is_state = |path: &PathBuf| {
            path.file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with(&name))
        };
        let files = partitions
            .filter(is_state)
            .flat_map(|path| fs::read_dir(path).unwrap());
        let sizes = files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
        sizes.sum::<u64>() as f64 / 1_048_576.0
    }

    /// Records of the predictions topic that the process has counted, dropped or rejected. Labels are not among them.
    fn counted(&self) -> f64 {
        let metrics = self.page("/metrics");
        let topic = format!("topic=\"{}\"", self.traffic.predictions);
        let of_topic = |name: &str| -> f64 {
            let lines = metrics
                .lines()
                .filter(|line| line.starts_with(name) && line.contains(&topic));
            lines.filter_map(value).sum()
        };
        let rejected: f64 = values(&metrics, "tidegauge_rejected_records_total")
            .iter()
            .sum();
        of_topic("tidegauge_events_total") + of_topic("tidegauge_late_events_total") + rejected
    }

    fn await_counted(&self) {
        self.producer.flush();
        wait_for("every prediction to be counted", CATCH_UP_MAX, || {
            sleep(Duration::from_millis(200));
            (self.counted() >= self.number() as f64).then_some(())
        });
    }

    /// Asserts that every bound was reached, that forgotten names are gone, and that no invariant broke.
    fn assert_metrics(&self, samples: &[Sample]) {
        let metrics = self.page("/metrics");
        let status = self.page("/status");
        let broken: f64 = values(&metrics, "tidegauge_violations_total").iter().sum();
        assert_eq!(broken, 0.0, "violations");
        let minute = self.number() / EVENTS_PER_MINUTE;
        // Labels keep a model known for its horizon and a week.
        let silent: Vec<String> = models_silent_for(8 * 1_440, minute).collect();
        let days = samples.last().map_or(0.0, |sample| sample.event_days);
        assert!(days < 12.0 || !silent.is_empty(), "no model fell silent");
        for name in &silent {
            assert!(!metrics.contains(name), "{name} is still in /metrics");
        }
        println!("{} models were forgotten", silent.len());
        for what in ["predictions", "features", "segment_predictions"] {
            let left_out = values(
                &metrics,
                &format!("tidegauge_left_out_total{{what=\"{what}\"}}"),
            );
            println!("left out, {what}: {left_out:?}");
            assert!(
                days < 3.0 || left_out.iter().sum::<f64>() > 0.0,
                "the bound on {what} was not reached"
            );
        }
        println!(
            "/metrics {} bytes, /status {} bytes",
            metrics.len(),
            status.len()
        );
    }
}

/// Values of the series whose line starts with `name`.
fn values(metrics: &str, name: &str) -> Vec<f64> {
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    lines.filter_map(value).collect()
}

fn value(line: &str) -> Option<f64> {
    line.rsplit_once(' ')?.1.parse().ok()
}

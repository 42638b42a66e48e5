//! The board: everything that workers report, kept for `/metrics`, `/status` and the health pages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bounded::{BoundedSeries, Dropped};
use super::catalogue::Metric;
use super::metrics::{MetricError, Metrics};
use super::model_series::ModelSeries;
use super::readiness::{Readiness, WorkerHealth};
use super::status::{FiringAlert, JoinStatus, SourceStatus, StatusPage};
use super::worker::WorkerMeter;
use crate::event::{EventTime, Reject, Tick};
use crate::pipeline::invariant::InvariantId;
use crate::runtime::meter::LeftOut;

/// Version of this build.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Series of `tidegauge_quality_value` at most, some 2.5 MB here and in a scrape: 400 scopes of ten measures.
const QUALITY_SERIES_MAX: usize = 4_500;
/// Series of `tidegauge_quality_coverage` at most: one where ten measures are.
const COVERAGE_SERIES_MAX: usize = 500;

/// How the board is set up.
pub struct BoardOptions {
    /// Series of `tidegauge_drift` at most; 2,000 take about 1 MB here and as much in every scrape's text.
    pub drift_series_max: usize,
    /// The wall clock by which lag is measured.
    pub clock: Box<dyn Fn() -> Tick + Send + Sync>,
}

/// What workers reported; shared by them and the HTTP server.
pub struct Board {
    pub(super) metrics: Metrics,
    clock: Box<dyn Fn() -> Tick + Send + Sync>,
    started: Instant,
    books: Mutex<BoardState>,
}

/// Everything that changes.
pub(super) struct BoardState {
    pub workers: Vec<WorkerHealth>,
    pub totals: Totals,
    pub sources: BTreeMap<(String, i32), SourceSeries>,
    pub models: BTreeMap<String, ModelSeries>,
    pub alerts: BTreeMap<String, FiringAlert>,
    pub drift: BoundedSeries<5>,
    pub quality: BoundedSeries<6>,
    pub coverage: BoundedSeries<5>,
    pub joins: BTreeMap<i32, JoinStatus>,
}

/// Sums since the start.
#[derive(Default)]
pub(super) struct Totals {
    pub events: u64,
    pub late: u64,
    pub rejected: u64,
    pub windows: u64,
}

/// How far a source is.
#[derive(Default)]
pub(super) struct SourceSeries {
    pub watermark: Option<EventTime>,
}

impl Board {
    /// An empty board.
    ///
    /// # Errors
    /// When the catalogue of metrics is faulty.
    pub fn new(options: BoardOptions) -> Result<Self, MetricError> {
        let metrics = Metrics::new()?;
        metrics.set(Metric::BuildInfo, &[VERSION], 1.0);
        for reason in Reject::ALL {
            metrics.add(Metric::Rejects, &[reason.code()], 0);
        }
        for what in LeftOut::ALL {
            metrics.add(Metric::LeftOut, &[what.name()], 0);
        }
        for kind in InvariantId::asserted().filter_map(InvariantId::kind) {
            metrics.add(Metric::Violations, &[kind], 0);
        }
        Ok(Self {
            metrics,
            clock: options.clock,
            started: Instant::now(),
            books: Mutex::new(BoardState::new(options.drift_series_max)),
        })
    }

    /// The meter of one more worker.
    #[must_use]
    pub fn worker(self: &Arc<Self>) -> WorkerMeter {
        let mut books = self.books();
        books.workers.push(WorkerHealth::new(Instant::now()));
        WorkerMeter::new(Arc::clone(self), books.workers.len() - 1)
    }

    /// A poisoned lock only means that a reader died: the numbers are still numbers.
    pub(super) fn books(&self) -> MutexGuard<'_, BoardState> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All metrics in Prometheus' text format, with the lag as of now.
    ///
    /// # Errors
    /// When they cannot be written as text.
    pub fn render(&self) -> Result<String, MetricError> {
        let now = (self.clock)();
        {
            let books = self.books();
            for ((topic, partition), book) in &books.sources {
                if let Some(lag) = lag_secs(now, book.watermark) {
                    self.metrics
                        .set(Metric::LagSeconds, &[topic, &partition.to_string()], lag);
                }
            }
            let now = Instant::now();
            let ready = Readiness::of(&books.workers, now).ready;
            let age = books.workers.iter().map(|worker| worker.age(now)).max();
            let age = age.unwrap_or_default().as_secs_f64();
            self.metrics.set(Metric::HeartbeatAge, &[], age);
            self.metrics
                .set(Metric::Ready, &[], f64::from(u8::from(ready)));
        }
        self.metrics.render()
    }

    /// Whether all workers are alive and ready.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        Readiness::of(&self.books().workers, Instant::now())
    }

    /// A snapshot of everything.
    #[must_use]
    pub fn status(&self) -> StatusPage {
        let now = (self.clock)();
        let books = self.books();
        let mut firing: Vec<FiringAlert> = books.alerts.values().cloned().collect();
        firing.sort_by_key(|alert| alert.since);
        StatusPage {
            version: VERSION,
            uptime_secs: self.started.elapsed().as_secs(),
            readiness: Readiness::of(&books.workers, Instant::now()),
            watermark: books.watermark(),
            events: books.totals.events,
            late: books.totals.late,
            rejected: books.totals.rejected,
            windows_closed: books.totals.windows,
            sources: books.source_statuses(now),
            models: books
                .models
                .iter()
                .map(|(name, book)| book.status(name))
                .collect(),
            joins: books.joins.values().cloned().collect(),
            firing,
        }
    }

    /// Adds a duration to a histogram.
    pub(super) fn observe(&self, metric: Metric, took: Duration) {
        self.metrics.observe(metric, took);
    }
}

impl BoardState {
    fn new(drift_series_max: usize) -> Self {
        Self {
            workers: Vec::new(),
            totals: Totals::default(),
            sources: BTreeMap::new(),
            models: BTreeMap::new(),
            alerts: BTreeMap::new(),
            drift: BoundedSeries::new(
                Metric::Drift,
                Dropped(Metric::DriftSeriesDropped),
                drift_series_max,
            ),
            quality: BoundedSeries::new(
                Metric::QualityValue,
                Dropped(Metric::QualitySeriesDropped),
                QUALITY_SERIES_MAX,
            ),
            coverage: BoundedSeries::new(
                Metric::QualityCoverage,
                Dropped(Metric::QualitySeriesDropped),
                COVERAGE_SERIES_MAX,
            ),
            joins: BTreeMap::new(),
        }
    }

    /// The smallest watermark; `None` while a source has none.
    fn watermark(&self) -> Option<EventTime> {
        let every: Option<Vec<EventTime>> =
            self.sources.values().map(|book| book.watermark).collect();
        every?.into_iter().min()
    }

    fn source_statuses(&self, now: Tick) -> Vec<SourceStatus> {
        let status = |((topic, partition), book): (&(String, i32), &SourceSeries)| SourceStatus {
            topic: topic.clone(),
            partition: *partition,
            watermark: book.watermark,
            lag_secs: lag_secs(now, book.watermark),
        };
        self.sources.iter().map(status).collect()
    }
}

fn lag_secs(now: Tick, watermark: Option<EventTime>) -> Option<f64> {
    watermark.map(|w| now.0.saturating_sub(w.0) as f64 / 1e3)
}

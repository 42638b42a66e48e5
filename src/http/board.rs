//! The board: what all workers report, kept for `/metrics`, `/status` and the health pages.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::catalogue::Metric;
use super::clock_status::{ClockSeries, Clocks};
use super::dropped::Dropped;
use super::evaluate_series::LEFT_OUT;
use super::metrics::{MetricError, Metrics};
use super::model_series::ModelSeries;
use super::readiness::{Readiness, WorkerHealth};
use super::series::{OwnedSeries, SeriesLimit, SeriesLimits, SeriesWriter};
use super::status::{FiringAlert, JoinStatus, SourceStatus, StatusPage};
use super::view::{Shown, Totals, WorkerView};
use crate::event::{EventTime, Reject, Tick};
use crate::pipeline::clock::ClockReport;
use crate::pipeline::invariant::InvariantId;
use crate::runtime::Heartbeat;

/// Version of this build.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Maximum series of `tidegauge_quality_value`: 400 scopes of ten measures, some 2.5 MB here and in a scrape.
const QUALITY_SERIES_MAX: usize = 4_500;
/// Maximum series of `tidegauge_quality_coverage`: one for every ten measures.
const COVERAGE_SERIES_MAX: usize = 500;

/// Options of the board.
pub struct BoardOptions {
    /// Maximum series of `tidegauge_drift`; 2,000 take about 1 MB here and as much in the text of every scrape.
    pub drift_series_max: usize,
    /// A worker that has not moved for this long is not live.
    pub heartbeat_age_max: Duration,
    /// Wall clock for the lag.
    pub clock: Box<dyn Fn() -> Tick + Send + Sync>,
}

/// Reports of all workers, shared with the HTTP server.
pub struct Board {
    pub(super) metrics: Metrics,
    heartbeat_age_max: Duration,
    clock: Box<dyn Fn() -> Tick + Send + Sync>,
    started: Instant,
    state: Mutex<BoardState>,
}

/// The changing part of the board.
struct BoardState {
    /// What the process waits for: brokers, at the start or in an outage.
    waits_for: Option<String>,
    workers: Vec<WorkerState>,
    totals: Totals,
    limits: SeriesLimits,
    clock_series: ClockSeries,
}

/// What is kept of one worker.
struct WorkerState {
    health: WorkerHealth,
    shown: Shown,
    series: OwnedSeries,
}

impl Board {
    /// An empty board.
    ///
    /// # Errors
    /// When the catalogue of metrics is faulty.
    pub fn new(options: BoardOptions) -> Result<Self, MetricError> {
        let metrics = Metrics::new()?;
        metrics.set(Metric::BuildInfo, &[VERSION], 1.0);
        let reasons = Reject::ALL
            .iter()
            .map(|reason| (Metric::Rejects, reason.code()));
        let left_out = LEFT_OUT.iter().map(|(what, _)| (Metric::LeftOut, *what));
        let kinds = InvariantId::asserted().filter_map(InvariantId::kind);
        let kinds = kinds.map(|kind| (Metric::Violations, kind));
        let dropped = Dropped::ALL.iter();
        let dropped = dropped.map(|why| (Metric::HttpDropped, why.name()));
        for (metric, label) in reasons.chain(left_out).chain(kinds).chain(dropped) {
            metrics.add(metric, &[label], 0);
        }
        let state = BoardState {
            waits_for: None,
            workers: Vec::new(),
            totals: Totals::default(),
            limits: limits(options.drift_series_max),
            clock_series: ClockSeries::default(),
        };
        Ok(Self {
            metrics,
            heartbeat_age_max: options.heartbeat_age_max,
            clock: options.clock,
            started: Instant::now(),
            state: Mutex::new(state),
        })
    }

    /// Says what the process waits for before it starts workers; `None` ends the wait. `/readyz` shows it.
    pub fn waits_for(&self, what: Option<String>) {
        self.state().waits_for = what;
    }

    /// Adds a worker with this heartbeat; returns its number.
    pub(super) fn add_worker(&self, heartbeat: &Heartbeat) -> usize {
        let mut state = self.state();
        state.workers.push(WorkerState {
            health: WorkerHealth::new(heartbeat.clone()),
            shown: Shown::default(),
            series: OwnedSeries::default(),
        });
        state.workers.len() - 1
    }

    /// Changes what is kept of a worker.
    pub(super) fn change(&self, worker: usize, change: impl FnOnce(WorkerView<'_>)) {
        let mut state = self.state();
        if let Some(view) = self.view(&mut state, worker) {
            change(view);
        }
    }

    fn view<'a>(&'a self, state: &'a mut BoardState, worker: usize) -> Option<WorkerView<'a>> {
        let worker = state.workers.get_mut(worker)?;
        Some(WorkerView {
            health: &mut worker.health,
            shown: &mut worker.shown,
            totals: &mut state.totals,
            series: SeriesWriter {
                metrics: &self.metrics,
                owned: &mut worker.series,
                limits: &mut state.limits,
            },
        })
    }

    /// A poisoned lock only means that a reader panicked; the state is still valid.
    fn state(&self) -> MutexGuard<'_, BoardState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All metrics in Prometheus' text format, with the lag as of now.
    ///
    /// # Errors
    /// When they cannot be written as text.
    pub fn render(&self) -> Result<String, MetricError> {
        self.set_ages();
        self.metrics.render()
    }

    /// Sets the gauges that depend on the time of the scrape.
    fn set_ages(&self) {
        let (wall, now) = ((self.clock)(), Instant::now());
        let mut state = self.state();
        for worker in 0..state.workers.len() {
            if let Some(mut view) = self.view(&mut state, worker) {
                view.set_lags(wall);
            }
        }
        let clocks = state.clocks();
        state.clock_series.show(&self.metrics, &clocks);
        let ages = state.workers.iter().map(|worker| worker.health.age(now));
        let age = ages.max().unwrap_or_default().as_secs_f64();
        self.metrics.set(Metric::HeartbeatAge, &[], age);
        let ready = f64::from(u8::from(self.readiness_of(&state, now).ready));
        self.metrics.set(Metric::Ready, &[], ready);
    }

    /// Whether all workers are alive and ready.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.readiness_of(&self.state(), Instant::now())
    }

    fn readiness_of(&self, state: &BoardState, now: Instant) -> Readiness {
        let workers = state.workers.iter().map(|worker| &worker.health);
        let readiness = Readiness::of(workers, now, self.heartbeat_age_max);
        match &state.waits_for {
            None => readiness,
            Some(_) if !readiness.live => readiness, // a hung worker is the graver reason
            Some(what) => Readiness {
                ready: false,
                reason: Some(format!("waiting for {what}")),
                ..readiness
            },
        }
    }

    /// A snapshot of everything.
    #[must_use]
    pub fn status(&self) -> StatusPage {
        let now = (self.clock)();
        let state = self.state();
        let shown = || state.workers.iter().map(|worker| &worker.shown);
        let clocks = state.clocks();
        let mut firing: Vec<FiringAlert> = shown()
            .flat_map(|shown| shown.alerts.values().cloned())
            .collect();
        firing.sort_by_key(|alert| alert.since);
        let mut sources: Vec<SourceStatus> = shown().flat_map(|shown| shown.sources(now)).collect();
        sources.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        let models: BTreeMap<&String, &ModelSeries> =
            shown().flat_map(|shown| &shown.models).collect();
        let joins: BTreeMap<&i32, &JoinStatus> = shown().flat_map(|shown| &shown.joins).collect();
        StatusPage {
            version: VERSION,
            uptime_secs: self.started.elapsed().as_secs(),
            readiness: self.readiness_of(&state, Instant::now()),
            watermark: watermark(&sources),
            clock: clocks.predictions,
            quality_clock: clocks.quality,
            events: state.totals.events,
            labels: state.totals.labels,
            late: state.totals.late,
            rejected: state.totals.rejected,
            windows_closed: state.totals.windows,
            sources,
            models: models
                .iter()
                .map(|(name, model)| model.status(name))
                .collect(),
            joins: joins.into_values().cloned().collect(),
            idle_objectives: shown()
                .flat_map(|shown| shown.idle.values().flatten().cloned())
                .collect(),
            idle_patterns: shown()
                .flat_map(|shown| shown.idle_patterns.values().cloned())
                .reduce(|idle, other| &idle & &other)
                .unwrap_or_default(),
            firing,
        }
    }
}

impl BoardState {
    /// The clocks, as all workers see them together.
    fn clocks(&self) -> Clocks {
        let workers = self.workers.iter();
        let reports: Vec<&ClockReport> = workers.map(|worker| &worker.shown.clocks).collect();
        Clocks::of(&reports)
    }
}

fn limits(drift_series_max: usize) -> SeriesLimits {
    let limit = |metric, dropped, places| SeriesLimit {
        metric,
        dropped,
        places,
    };
    let quality_dropped = Metric::QualitySeriesDropped;
    SeriesLimits::new(vec![
        limit(Metric::Drift, Metric::DriftSeriesDropped, drift_series_max),
        limit(Metric::QualityValue, quality_dropped, QUALITY_SERIES_MAX),
        limit(
            Metric::QualityCoverage,
            quality_dropped,
            COVERAGE_SERIES_MAX,
        ),
    ])
}

/// The smallest watermark of the sources that have one.
fn watermark(sources: &[SourceStatus]) -> Option<EventTime> {
    sources.iter().filter_map(|source| source.watermark).min()
}

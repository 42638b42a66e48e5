//! The meter of one worker, on the board.

use std::sync::Arc;
use std::time::Duration;

use super::board::Board;
use super::catalogue::Metric;
use super::readiness::WorkerHealth;
use super::view::WorkerView;
use super::{evaluate_series, ingest_series, join_series};
use crate::pipeline::clock::ClockReport;
use crate::pipeline::invariant::InvariantId;
use crate::pipeline::observations::{IngestObservations, JoinObservations, Observations};
use crate::runtime::Heartbeat;
use crate::runtime::meter::Meter;

/// The meter of one worker.
pub struct WorkerMeter {
    board: Arc<Board>,
    worker: usize,
}

impl WorkerMeter {
    /// Adds a worker with this heartbeat to the board.
    #[must_use]
    pub fn new(board: &Arc<Board>, heartbeat: &Heartbeat) -> Self {
        Self {
            board: Arc::clone(board),
            worker: board.add_worker(heartbeat),
        }
    }

    fn change(&self, change: impl FnOnce(WorkerView<'_>)) {
        self.board.change(self.worker, change);
    }

    fn health(&self, change: impl FnOnce(&mut WorkerHealth)) {
        self.change(|view| change(view.health));
    }
}

impl Meter for WorkerMeter {
    fn restoring(&self, partitions: usize) {
        self.change(|mut view| {
            view.disown();
            view.health.restoring(partitions);
        });
    }

    fn restore_progress(&self, records: u64) {
        self.health(|health| health.progress(records));
    }

    fn restored(&self, took: Duration, records: u64) {
        self.health(WorkerHealth::restored);
        let metrics = &self.board.metrics;
        metrics.observe(Metric::RestoreSeconds, took);
        metrics.add(Metric::RestoredRecords, &[], records);
    }

    fn flushed(&self, took: Duration, bytes: u64) {
        let metrics = &self.board.metrics;
        metrics.observe(Metric::FlushSeconds, took);
        metrics.add(Metric::FlushBytes, &[], bytes);
    }

    fn committed(&self, took: Duration) {
        self.board.metrics.observe(Metric::CommitSeconds, took);
    }

    fn aborted(&self) {
        self.board.metrics.add(Metric::Aborts, &[], 1);
    }

    fn violation(&self, id: InvariantId, count: u64) {
        if let Some(kind) = id.kind() {
            self.board.metrics.add(Metric::Violations, &[kind], count);
        }
    }

    fn observe_ingest(&self, observed: &IngestObservations) {
        self.change(|mut view| ingest_series::show(&mut view, observed));
    }

    fn observe_clocks(&self, report: &ClockReport) {
        self.change(|view| view.shown.clocks = report.clone());
    }

    fn observe_join(&self, observed: &JoinObservations) {
        self.change(|mut view| join_series::show(&mut view, observed));
    }

    fn observe_evaluate(&self, partition: i32, observed: &Observations) {
        self.change(|mut view| evaluate_series::show(&mut view, partition, observed));
    }
}

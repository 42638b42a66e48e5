//! One worker's meter on the board; what a worker no longer owns disappears from it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::board::{Board, BoardState};
use super::catalogue::Metric;
use super::outcome_series::{coverage, forget_join, join_status, show_join, show_objective};
use super::readiness::WorkerHealth;
use super::status::FiringAlert;
use crate::detect::Family;
use crate::event::Segment;
use crate::pipeline::invariant::InvariantId;
use crate::runtime::meter::{
    AlertChange, JoinTold, Judged, LearningProgress, LeftOut, Meter, ObjectiveTold, QualityTold,
    Rebuilt, SourceTally, StateSizes, WindowClosed,
};

/// Metrics of an evaluate task, by its partition.
const STATE_METRICS: [Metric; 5] = [
    Metric::StateModels,
    Metric::StateVersions,
    Metric::StateSubjects,
    Metric::StatePanes,
    Metric::StateBytes,
];

/// The meter of one worker.
pub struct WorkerMeter {
    board: Arc<Board>,
    worker: usize,
    owned: Mutex<Owned>,
}

/// What the worker reported since its last assignment.
#[derive(Default)]
struct Owned {
    sources: BTreeSet<(String, i32)>,
    partitions: BTreeSet<i32>,
    models: BTreeSet<String>,
    joins: BTreeSet<i32>,
}

impl WorkerMeter {
    pub(super) fn new(board: Arc<Board>, worker: usize) -> Self {
        Self {
            board,
            worker,
            owned: Mutex::default(),
        }
    }

    fn own(&self, note: impl FnOnce(&mut Owned)) {
        note(&mut self.owned.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn own_model(&self, model: &str) {
        self.own(|owned| {
            if !owned.models.contains(model) {
                owned.models.insert(model.to_owned());
            }
        });
    }

    fn change_worker(&self, change: impl FnOnce(&mut WorkerHealth)) {
        if let Some(worker) = self.board.books().workers.get_mut(self.worker) {
            change(worker);
        }
    }

    /// Forgets everything that may now belong to somebody else: a lag that nobody updates would page.
    fn disown(&self) {
        let owned = std::mem::take(&mut *self.owned.lock().unwrap_or_else(PoisonError::into_inner));
        let mut books = self.board.books();
        for (topic, partition) in owned.sources {
            let labels = [topic.as_str(), &partition.to_string()];
            for metric in [Metric::Watermark, Metric::LagSeconds] {
                self.board.metrics.remove(metric, &labels);
            }
            books.sources.remove(&(topic, partition));
        }
        for partition in owned.joins {
            forget_join(&self.board.metrics, partition);
            books.joins.remove(&partition);
        }
        for partition in owned.partitions {
            for metric in STATE_METRICS {
                self.board.metrics.remove(metric, &[&partition.to_string()]);
            }
        }
        for model in owned.models {
            self.forget_model(&mut books, &model);
        }
    }

    fn forget_model(&self, books: &mut BoardState, model: &str) {
        if let Some(book) = books.models.remove(model) {
            book.outcomes.forget(&self.board.metrics, model);
        }
        books.drift.forget(&self.board.metrics, model);
        books.quality.forget(&self.board.metrics, model);
        books.coverage.forget(&self.board.metrics, model);
        self.board
            .metrics
            .remove(Metric::LearningProgress, &[model]);
        books.alerts.retain(|_, alert| {
            let other = alert.model != model;
            if !other {
                let labels = [model, family_name(alert.family), alert.severity.as_str()];
                self.board.metrics.remove(Metric::AlertsFiring, &labels);
            }
            other
        });
    }

    fn count_firing(&self, books: &BoardState, model: &str, family: Family, severity: &str) {
        let alike =
            |a: &&FiringAlert| a.model == model && a.family == family && a.severity == severity;
        let count = books.alerts.values().filter(alike).count();
        let labels = [model, family_name(family), severity];
        self.board
            .metrics
            .set(Metric::AlertsFiring, &labels, count as f64);
    }
}

fn family_name(family: Family) -> &'static str {
    match family {
        Family::Drift => "drift",
        Family::DataQuality => "data_quality",
        Family::Volume => "volume",
        Family::Objective => "slo",
    }
}

impl Meter for WorkerMeter {
    fn heartbeat(&self) {
        self.change_worker(|worker| worker.last_seen = Instant::now());
    }

    fn restoring(&self, partitions: usize) {
        self.disown();
        self.change_worker(|worker| worker.restoring(partitions));
    }

    fn restore_progress(&self, records: u64) {
        self.change_worker(|worker| worker.progress(records));
    }

    fn restored(&self, took: Duration, records: u64) {
        self.change_worker(WorkerHealth::restored);
        self.board.observe(Metric::RestoreSeconds, took);
        self.board
            .metrics
            .add(Metric::RestoredRecords, &[], records);
    }

    fn ingested(&self, counts: &SourceTally<'_>) {
        self.own(|owned| {
            owned
                .sources
                .insert((counts.topic.to_owned(), counts.partition));
        });
        let labels = [counts.topic, &counts.partition.to_string()];
        let metrics = &self.board.metrics;
        metrics.add(Metric::Events, &labels, counts.accepted);
        metrics.add(Metric::Late, &labels, counts.late);
        if counts.sampled_out > 0 {
            metrics.add(Metric::JoinSampledOut, &labels, counts.sampled_out);
        }
        for (reason, count) in counts.rejected {
            metrics.add(Metric::Rejects, &[reason.code()], *count);
        }
        if let Some(watermark) = counts.watermark {
            metrics.set(Metric::Watermark, &labels, watermark.0 as f64 / 1e3);
        }
        let mut books = self.board.books();
        books.totals.events += counts.accepted;
        books.totals.late += counts.late;
        books.totals.rejected += counts.rejected.iter().map(|(_, count)| count).sum::<u64>();
        let source = books
            .sources
            .entry((counts.topic.to_owned(), counts.partition))
            .or_default();
        source.watermark = counts.watermark;
    }

    fn published(&self, kind: &'static str, records: u64) {
        self.board.metrics.add(Metric::Published, &[kind], records);
    }

    fn flushed(&self, took: Duration, bytes: u64) {
        self.board.observe(Metric::FlushSeconds, took);
        self.board.metrics.add(Metric::FlushBytes, &[], bytes);
    }

    fn committed(&self, took: Duration) {
        self.board.observe(Metric::CommitSeconds, took);
    }

    fn aborted(&self) {
        self.board.metrics.add(Metric::Aborts, &[], 1);
    }

    fn violation(&self, id: InvariantId, count: u64) {
        if let Some(kind) = id.kind() {
            self.board.metrics.add(Metric::Violations, &[kind], count);
        }
    }

    fn left_out(&self, what: LeftOut, count: u64) {
        self.board
            .metrics
            .add(Metric::LeftOut, &[what.name()], count);
    }

    fn state(&self, sizes: &StateSizes) {
        self.own(|owned| {
            owned.partitions.insert(sizes.partition);
        });
        let values = [
            sizes.models,
            sizes.versions,
            sizes.subjects,
            sizes.panes,
            sizes.bytes,
        ];
        for (metric, value) in STATE_METRICS.into_iter().zip(values) {
            self.board
                .metrics
                .set(metric, &[&sizes.partition.to_string()], value as f64);
        }
    }

    fn learning(&self, learning: &LearningProgress<'_>) {
        self.own_model(learning.model);
        let progress = self
            .board
            .books()
            .models
            .entry(learning.model.to_owned())
            .or_default()
            .learning(learning);
        self.board
            .metrics
            .set(Metric::LearningProgress, &[learning.model], progress);
    }

    fn learned(&self, model: &str, reference_id: &str) {
        self.own_model(model);
        self.board
            .books()
            .models
            .entry(model.to_owned())
            .or_default()
            .learned(reference_id);
        self.board
            .metrics
            .set(Metric::LearningProgress, &[model], 1.0);
    }

    fn window_closed(&self, window: &WindowClosed<'_>) {
        self.own_model(window.model);
        self.board
            .metrics
            .add(Metric::Windows, &[window.model, &window.window.name()], 1);
        let mut books = self.board.books();
        books.totals.windows += 1;
        let model = books.models.entry(window.model.to_owned()).or_default();
        model.windows_closed += 1;
        model.versions.insert(window.version.to_owned());
    }

    fn judged(&self, judged: &Judged<'_>) {
        self.own_model(judged.model);
        let (subject, window) = (judged.subject.name(), judged.window.name());
        let mut books = self.board.books();
        for (distance, value) in judged.distances {
            let labels = [judged.model, judged.version, &subject, &window, distance];
            books.drift.set(&self.board.metrics, labels, *value);
        }
        books
            .models
            .entry(judged.model.to_owned())
            .or_default()
            .judged(judged);
    }

    fn quality(&self, told: &QualityTold<'_>) {
        self.own_model(told.model);
        let segment = told.segment.map(Segment::to_string).unwrap_or_default();
        let (by, window) = (told.by.name(), told.window.name());
        let scope = [told.model, told.version, &segment, by, &window];
        let mut books = self.board.books();
        for (measure, value) in told.measures {
            let [model, version, segment, by, window] = scope;
            let labels = [model, version, segment, by, window, measure];
            books.quality.set(&self.board.metrics, labels, *value);
        }
        if let Some(coverage) = coverage(told) {
            books.coverage.set(&self.board.metrics, scope, coverage);
        }
        let model = books.models.entry(told.model.to_owned()).or_default();
        model.outcomes.quality(told);
    }

    fn objective(&self, told: &ObjectiveTold<'_>) {
        self.own_model(told.model);
        show_objective(&self.board.metrics, told);
        let mut books = self.board.books();
        let model = books.models.entry(told.model.to_owned()).or_default();
        model.outcomes.objective(told);
    }

    fn joined(&self, told: &JoinTold) {
        self.own(|owned| {
            owned.joins.insert(told.partition);
        });
        show_join(&self.board.metrics, told);
        let mut books = self.board.books();
        books.joins.insert(told.partition, join_status(told));
    }

    fn rebuilding(&self, partition: i32, rebuilt: Rebuilt) {
        self.own(|owned| {
            owned.joins.insert(partition);
        });
        let share = rebuilt.done as f64 / rebuilt.of.max(1) as f64;
        let ratio = if rebuilt.done < rebuilt.of {
            share
        } else {
            1.0
        };
        let labels = [&*partition.to_string()];
        self.board.metrics.set(Metric::JoinRebuilt, &labels, ratio);
        self.change_worker(|worker| worker.rebuilding(partition, rebuilt));
    }

    fn alert(&self, alert: &AlertChange<'_>) {
        self.own_model(alert.model);
        let mut books = self.board.books();
        let before = books.alerts.remove(alert.fingerprint);
        if alert.firing {
            books
                .alerts
                .insert(alert.fingerprint.to_owned(), firing(alert));
        }
        if let Some(before) = before {
            self.count_firing(&books, &before.model, before.family, &before.severity);
        }
        self.count_firing(&books, alert.model, alert.family, alert.severity);
    }
}

fn firing(alert: &AlertChange<'_>) -> FiringAlert {
    FiringAlert {
        fingerprint: alert.fingerprint.to_owned(),
        model: alert.model.to_owned(),
        family: alert.family,
        severity: alert.severity.to_owned(),
        since: alert.since,
        causes: alert.causes.to_vec(),
    }
}

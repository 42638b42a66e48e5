//! What became of predictions, on the board: quality by scope, objectives, and how the join of labels goes.

use std::collections::BTreeMap;

use super::catalogue::Metric;
use super::metrics::Metrics;
use super::status::{JoinStatus, ObjectiveStatus, QualityStatus};
use crate::alert::By;
use crate::event::Segment;
use crate::runtime::meter::{JoinTold, ObjectiveTold, QualityTold};

/// Scopes and windows kept per model for `/status`; 200 take some 100 KB. Those beyond are in the reports only.
const SCOPES_KEPT_MAX: usize = 200;
/// Signs of a bar that is full.
const BAR_SIGNS: usize = 20;

/// Counters of a join task, by its partition, with what they show.
type JoinCount = (Metric, fn(&JoinTold) -> u64);

const JOIN_COUNTERS: [JoinCount; 9] = [
    (Metric::JoinPredictions, |told| told.predictions),
    (Metric::JoinJoined, |told| told.joined),
    (Metric::JoinExpired, |told| told.expired),
    (Metric::JoinDuplicates, |told| told.duplicates),
    (Metric::JoinLabels, |told| told.labels),
    (Metric::JoinLabelsJoined, |told| told.labels_joined),
    (Metric::JoinLabelsExpired, |told| told.labels_expired),
    (Metric::JoinLabelsDuplicate, |told| told.labels_duplicate),
    (Metric::JoinCorrections, |told| told.corrections),
];

const JOIN_GAUGES: [JoinCount; 4] = [
    (Metric::JoinPending, |told| told.pending),
    (Metric::JoinLabelsWaiting, |told| told.labels_waiting),
    (Metric::JoinEntries, |told| told.entries),
    (Metric::JoinBytes, |told| told.bytes),
];

/// Shows what a join task says of itself.
pub(super) fn show_join(metrics: &Metrics, told: &JoinTold) {
    let partition = told.partition.to_string();
    for (counter, count) in JOIN_COUNTERS {
        metrics.reach(counter, &[&partition], count(told));
    }
    for (gauge, count) in JOIN_GAUGES {
        metrics.set(gauge, &[&partition], count(told) as f64);
    }
}

/// Makes everything about a partition's join disappear.
pub(super) fn forget_join(metrics: &Metrics, partition: i32) {
    let all = JOIN_COUNTERS.iter().chain(&JOIN_GAUGES);
    let shown = all.map(|(metric, _)| *metric);
    for metric in shown.chain([Metric::JoinRebuilt]) {
        metrics.remove(metric, &[&partition.to_string()]);
    }
}

pub(super) fn join_status(told: &JoinTold) -> JoinStatus {
    JoinStatus {
        partition: told.partition,
        predictions: told.predictions,
        joined: told.joined,
        pending: told.pending,
        expired: told.expired,
        labels: told.labels,
        labels_joined: told.labels_joined,
        labels_waiting: told.labels_waiting,
        labels_expired: told.labels_expired,
        corrections: told.corrections,
        entries: told.entries,
        bytes: told.bytes,
    }
}

/// Shows an objective.
pub(super) fn show_objective(metrics: &Metrics, told: &ObjectiveTold<'_>) {
    let labels = [told.model, told.objective];
    let set = |metric, value: Option<f64>| match value {
        Some(value) => metrics.set(metric, &labels, value),
        None => metrics.remove(metric, &labels),
    };
    set(Metric::SloGood, Some(told.good as f64));
    set(Metric::SloValid, Some(told.valid as f64));
    set(Metric::SloTarget, told.target);
    set(Metric::SloRemaining, told.remaining);
    let end = told.exhausted_at.map(|end| end.time().0 as f64 / 1e3);
    set(Metric::SloExhaustedAt, end);
    for (window, rate) in told.burn_rates {
        let (window, [model, objective]) = (window.name(), labels);
        let labels = [model, objective, window.as_str()];
        match rate {
            Some(rate) => metrics.set(Metric::SloBurnRate, &labels, *rate),
            None => metrics.remove(Metric::SloBurnRate, &labels),
        }
    }
}

/// What is kept of a model's outcomes.
#[derive(Default)]
pub(super) struct OutcomeSeries {
    quality: BTreeMap<QualityKey, QualityStatus>,
    objectives: BTreeMap<String, ObjectiveStatus>,
}

/// The whole before its segments, short windows first.
type QualityKey = (Option<Segment>, String, &'static str, i64);

impl OutcomeSeries {
    pub fn quality(&mut self, told: &QualityTold<'_>) {
        let version = told.version.to_owned();
        let minutes = told.window.minutes();
        let key = (told.segment.cloned(), version, told.by.name(), minutes);
        if self.quality.len() < SCOPES_KEPT_MAX || self.quality.contains_key(&key) {
            self.quality.insert(key, quality_status(told));
        }
    }

    pub fn objective(&mut self, told: &ObjectiveTold<'_>) {
        let name = told.objective.to_owned();
        self.objectives.insert(name, objective_status(told));
    }

    /// By segment, the whole first.
    pub fn quality_statuses(&self) -> Vec<QualityStatus> {
        self.quality.values().cloned().collect()
    }

    /// By name.
    pub fn objective_statuses(&self) -> Vec<ObjectiveStatus> {
        self.objectives.values().cloned().collect()
    }

    /// Makes the metrics of the model's objectives disappear.
    pub fn forget(&self, metrics: &Metrics, model: &str) {
        for (name, status) in &self.objectives {
            for metric in [
                Metric::SloGood,
                Metric::SloValid,
                Metric::SloTarget,
                Metric::SloRemaining,
                Metric::SloExhaustedAt,
            ] {
                metrics.remove(metric, &[model, name]);
            }
            for window in status.burn_rates.keys() {
                metrics.remove(Metric::SloBurnRate, &[model, name, window]);
            }
        }
    }
}

/// Labelled ÷ predicted; `None` without predictions, and by label time, where the labelled are no part of the predicted.
pub(super) fn coverage(told: &QualityTold<'_>) -> Option<f64> {
    (told.by == By::Prediction && told.predicted > 0)
        .then(|| told.labelled as f64 / told.predicted as f64)
}

fn quality_status(told: &QualityTold<'_>) -> QualityStatus {
    let measures = told.measures.iter();
    QualityStatus {
        version: told.version.to_owned(),
        segment: told.segment.map(Segment::to_string),
        by: told.by,
        window: told.window.name(),
        end: told.at.time(),
        predicted: told.predicted,
        labelled: told.labelled,
        coverage: coverage(told),
        measures: measures.copied().collect(),
    }
}

fn objective_status(told: &ObjectiveTold<'_>) -> ObjectiveStatus {
    let rate = |(window, rate): &(crate::window::WindowLength, Option<f64>)| (window.name(), *rate);
    ObjectiveStatus {
        objective: told.objective.to_owned(),
        good: told.good,
        valid: told.valid,
        value: (told.valid > 0).then(|| told.good as f64 / told.valid as f64),
        target: told.target,
        budget_remaining: told.remaining,
        budget: told.remaining.map(bar),
        burn_rates: told.burn_rates.iter().map(rate).collect(),
        exhausted_at: told.exhausted_at.map(|end| end.time()),
    }
}

/// `████████████░░░░░░░░`: a share of 0..=1, held at the ends.
fn bar(share: f64) -> String {
    let full = (share.clamp(0.0, 1.0) * BAR_SIGNS as f64).round() as usize;
    "█".repeat(full) + &"░".repeat(BAR_SIGNS - full.min(BAR_SIGNS))
}

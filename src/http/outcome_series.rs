//! What the board keeps of one model's quality and objectives for `/status`.

use std::collections::BTreeMap;

use super::status::{ObjectiveStatus, QualityStatus};
use crate::alert::WindowTime;
use crate::event::Segment;
use crate::pipeline::observations::{Forgotten, ObjectiveReading, QualityKey, QualityObservation};
use crate::stats::MEASURES;

/// Scopes and windows kept per model for `/status`; 200 take some 100 KB. Those beyond are in the reports only.
const SCOPES_KEPT_MAX: usize = 200;
/// Characters of a full bar.
const BAR_CHARS: usize = 20;

/// What is kept of a model's quality and objectives for `/status`.
#[derive(Default)]
pub(super) struct OutcomeSeries {
    quality: BTreeMap<QualityOrder, QualityStatus>,
    objectives: BTreeMap<String, ObjectiveStatus>,
}

/// The whole before its segments, short windows first.
type QualityOrder = (Option<Segment>, String, &'static str, i64);

impl OutcomeSeries {
    /// Keeps the quality of one scope in one window.
    pub fn keep_quality(&mut self, key: &QualityKey, status: QualityStatus) {
        let (segment, version) = (key.scope.segment.clone(), key.scope.version.clone());
        let order = (segment, version, key.by.name(), key.length.minutes());
        if self.quality.len() < SCOPES_KEPT_MAX || self.quality.contains_key(&order) {
            self.quality.insert(order, status);
        }
    }

    /// Keeps the budget status of an objective.
    pub fn keep_objective(&mut self, objective: &str, reading: &ObjectiveReading) {
        let status = objective_status(objective, reading);
        self.objectives.insert(objective.to_owned(), status);
    }

    /// Drops the quality of a version or a segment that was forgotten.
    pub fn forget(&mut self, names: &Forgotten) {
        let is_named = |(segment, version, ..): &QualityOrder| {
            let of_version = names.version.as_ref().is_none_or(|own| own == version);
            let of_segment = names.segment.is_none() || &names.segment == segment;
            names.subject.is_none() && of_version && of_segment
        };
        self.quality.retain(|order, _| !is_named(order));
    }

    /// By segment, the whole first.
    pub fn quality_statuses(&self) -> Vec<QualityStatus> {
        self.quality.values().cloned().collect()
    }

    /// By name.
    pub fn objective_statuses(&self) -> Vec<ObjectiveStatus> {
        self.objectives.values().cloned().collect()
    }
}

/// The quality of one scope in one window, as the status page shows it.
pub(super) fn quality_status(key: &QualityKey, observed: &QualityObservation) -> QualityStatus {
    let quality = &observed.quality;
    let count = |count: i64| u64::try_from(count).unwrap_or(0);
    let (predicted, labelled) = (count(quality.predicted), count(quality.labelled));
    // By label time the labelled are no part of the predicted.
    let is_share = key.by == WindowTime::Prediction;
    let measured = MEASURES.iter().filter_map(|measure| {
        let name = measure.about().name;
        let value = measure.of(quality, observed.positive.as_deref())?.value;
        (is_share || name != "coverage").then_some((name, value))
    });
    QualityStatus {
        version: key.scope.version.clone(),
        segment: key.scope.segment.as_ref().map(Segment::to_string),
        by: key.by,
        window: key.length.name(),
        end: observed.end.time(),
        predicted,
        labelled,
        coverage: (is_share && predicted > 0).then(|| labelled as f64 / predicted as f64),
        measures: measured.collect(),
    }
}

fn objective_status(objective: &str, reading: &ObjectiveReading) -> ObjectiveStatus {
    let budget = &reading.budget;
    let (good, valid) = (budget.share.good, budget.share.valid);
    let rates = budget.burn_rates.iter();
    ObjectiveStatus {
        objective: objective.to_owned(),
        good,
        valid,
        value: (valid > 0).then(|| good as f64 / valid as f64),
        target: reading.target,
        budget_remaining: budget.remaining,
        budget: budget.remaining.map(bar),
        burn_rates: rates.map(|(window, rate)| (window.name(), *rate)).collect(),
        exhausted_at: budget.exhausted_at.map(|end| end.time()),
    }
}

/// `████████████░░░░░░░░`: a share of 0..=1, held at the ends.
fn bar(share: f64) -> String {
    let full = (share.clamp(0.0, 1.0) * BAR_CHARS as f64).round() as usize;
    "█".repeat(full) + &"░".repeat(BAR_CHARS - full.min(BAR_CHARS))
}

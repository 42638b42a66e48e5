//! Observations of a stage: what metrics and the status page show of a flush. Nothing here is written to Kafka.

use std::collections::BTreeMap;

use crate::alert::{Alert, By};
use crate::detect::Verdict;
use crate::detect::slo::BudgetStatus;
use crate::event::Scope;
use crate::sketch::{Quality, Subject, ValueSketch};
use crate::window::{Boundary, WindowLength};

/// What evaluate observed since the last flush.
#[derive(Debug, Default)]
pub struct Observations {
    /// Windows that were judged, in order.
    pub windows: Vec<WindowClosed>,
    /// The latest judgement of each subject.
    pub judgements: BTreeMap<JudgementKey, Judgement>,
    /// The latest quality of each window.
    pub quality: BTreeMap<QualityKey, QualityObservation>,
    /// The latest standing of each objective, by model and objective.
    pub objectives: BTreeMap<(String, String), ObjectiveReading>,
    /// Alerts that were published, in order.
    pub alerts: Vec<Alert>,
    /// Frames that came twice and were dropped.
    pub duplicate_frames: u64,
    /// Predictions dropped because their pane was already closed: their source appeared after the clock had passed it.
    pub late_for_stage: u64,
    /// Partials of quality dropped because their minute was already closed.
    pub late_quality: u64,
    /// Predictions and subjects that were not counted because a limit was reached.
    pub overflow: Overflow,
}

/// A window of one scope that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowClosed {
    /// Model, version and segment.
    pub scope: Scope,
    /// Length of the window.
    pub window: WindowLength,
    /// End of the window.
    pub end: Boundary,
    /// Predictions in the window.
    pub predictions: u64,
}

/// Identifies the judgements that replace each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JudgementKey {
    /// Model and version. Segments are never observed: alerts and reports cover them.
    pub scope: Scope,
    /// Length of the window.
    pub window: WindowLength,
    /// The subject.
    pub subject: Subject,
}

/// One subject of a window compared with its reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// End of the window.
    pub end: Boundary,
    /// Distances by name.
    pub distances: Vec<(&'static str, f64)>,
    /// The worst verdict of all detectors.
    pub verdict: Verdict,
    /// The values in the window.
    pub observed: ValueSketch,
}

/// Identifies the windows of quality that replace each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QualityKey {
    /// Model, version and segment.
    pub scope: Scope,
    /// The time by which the window groups: of the prediction or of its label.
    pub by: By,
    /// Length of the window.
    pub length: WindowLength,
}

/// Quality of one window.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityObservation {
    /// End of the window.
    pub end: Boundary,
    /// Counts of predictions and their labels.
    pub quality: Quality,
    /// The positive class, where one is known.
    pub positive: Option<String>,
}

/// The standing of an objective.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveReading {
    /// Share of good predictions that is promised, 0..1.
    pub target: Option<f64>,
    /// Budget and burn rates.
    pub standing: BudgetStatus,
}

/// Counts of what a limit turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overflow {
    /// Predictions of models or versions beyond their limit.
    pub predictions: u64,
    /// Sketches of features beyond their limit.
    pub features: u64,
    /// Predictions left out of a segment because its key has too many values. The whole counts them.
    pub segments: u64,
}

impl std::ops::AddAssign for Overflow {
    fn add_assign(&mut self, other: Self) {
        self.predictions += other.predictions;
        self.features += other.features;
        self.segments += other.segments;
    }
}

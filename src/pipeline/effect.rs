//! What a step wants done: records to publish and state to write, all in the transaction of the next flush.

use std::collections::BTreeMap;

use crate::alert::{AlertRecord, By};
use crate::detect::Verdict;
use crate::detect::slo::BudgetStatus;
use crate::event::Scope;
use crate::sketch::{Quality, Subject, ValueSketch};
use crate::window::{Boundary, WindowLength};

/// The topics that evaluate publishes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputTopic {
    /// Drift alerts.
    Drift,
    /// Alerts of objectives.
    Slo,
    /// Data-quality, volume and integrity alerts.
    Anomaly,
    /// Window summaries.
    Reports,
    /// Learned references.
    References,
}

impl OutputTopic {
    /// Its name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Slo => "slo",
            Self::Anomaly => "anomaly",
            Self::Reports => "reports",
            Self::References => "references",
        }
    }
}

/// One record to publish.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Output {
    /// Where to.
    pub topic: OutputTopic,
    /// Kafka key.
    pub key: String,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// JSON.
    pub value: Vec<u8>,
}

impl Output {
    /// A record that has no headers: reports and references.
    #[must_use]
    pub fn plain(topic: OutputTopic, key: String, value: Vec<u8>) -> Self {
        Self {
            topic,
            key,
            headers: Vec::new(),
            value,
        }
    }
}

/// A subject of a window beside its reference, for those who look on: the last word on each.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Where the window ends.
    pub end: Boundary,
    /// Distances by name.
    pub distances: Vec<(&'static str, f64)>,
    /// The worst verdict of all detectors.
    pub verdict: Verdict,
    /// What the window holds.
    pub observed: ValueSketch,
}

/// Whose window, how long, and of what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JudgementKey {
    /// Model and version; a whole, never a segment: of segments only alerts and reports speak.
    pub scope: Scope,
    /// Length of the window.
    pub window: WindowLength,
    /// The subject.
    pub subject: Subject,
}

/// A window of one scope that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowClosed {
    /// Model and version.
    pub scope: Scope,
    /// Length of the window.
    pub window: WindowLength,
    /// Where it ends.
    pub end: Boundary,
    /// Predictions in it.
    pub predictions: u64,
}

/// What has gathered since the last flush.
#[derive(Debug, Default)]
pub struct Effects {
    /// Records to publish, in order.
    pub outputs: Vec<Output>,
    /// State to write: the last word on each key, `None` to forget it.
    pub state: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// For those who look on: windows that were judged.
    pub windows: Vec<WindowClosed>,
    /// For those who look on: subjects that were compared.
    pub judgements: BTreeMap<JudgementKey, Judgement>,
    /// For those who look on: the last word on each window's quality: where it ends, and the positive class.
    pub quality: BTreeMap<QualityKey, (Boundary, Quality, Option<String>)>,
    /// For those who look on: how each objective of a model stands.
    pub objectives: BTreeMap<(String, String), ObjectiveReading>,
    /// Partials of quality that came after their minute was closed: dropped.
    pub late_quality: u64,
    /// For those who look on: alerts that changed.
    pub alerts: Vec<AlertRecord>,
    /// Frames that came twice and were dropped.
    pub duplicate_frames: u64,
    /// Predictions of a source that appeared after the clock had passed their panes: dropped as late.
    pub late_for_stage: u64,
    /// Predictions and subjects beyond the bounds, not counted.
    pub overflow: Overflow,
}

/// Whose quality, by which time, over how long.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QualityKey {
    /// Whose.
    pub scope: Scope,
    /// By which time the window gathers.
    pub by: By,
    /// Length of the window.
    pub length: WindowLength,
}

/// How an objective stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveReading {
    /// What is promised.
    pub target: Option<f64>,
    /// What is left of it.
    pub standing: BudgetStatus,
}

/// What was turned away at the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overflow {
    /// Predictions of models or versions beyond their limit.
    pub predictions: u64,
    /// Sketches of features beyond their limit.
    pub features: u64,
    /// Predictions that are not counted in a segment because its key has too many values; the whole has them.
    pub segments: u64,
}

impl std::ops::AddAssign for Overflow {
    fn add_assign(&mut self, other: Self) {
        self.predictions += other.predictions;
        self.features += other.features;
        self.segments += other.segments;
    }
}

impl Effects {
    /// Bytes waiting to be written, roughly: what a flush would send.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let outputs: usize = self.outputs.iter().map(|o| o.value.len()).sum();
        let state: usize = self
            .state
            .values()
            .map(|v| v.as_ref().map_or(0, Vec::len))
            .sum();
        outputs + state
    }
}

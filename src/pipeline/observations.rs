//! Observations of the stages, for metrics and the status page. Nothing here is written to Kafka.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use super::alert_observations::{AlertNotice, AlertObservation, OrderNotice};
pub use super::detectable_observation::{
    DetectableKind, DetectableObservation, DetectableSizes, DetectableTally,
};
use super::frame::SourceId;
use super::invariant::InvariantId;
use super::output::OutputTopic;
pub use super::volume_observation::VolumeObservation;
use crate::alert::WindowTime;
use crate::detect::Verdict;
use crate::detect::slo::BudgetStatus;
use crate::event::{EventTime, Reject, Scope, Segment, Tick};
use crate::join::{Join, JoinCounts};
use crate::pipeline::remarks::{LateSubject, Remark};
use crate::pipeline::unjudged::Unjudged;
use crate::pipeline::unpaged::Unpaged;
use crate::reference::Reference;
use crate::sketch::{Quality, Subject, ValueSketch};
use crate::window::{Boundary, WindowLength};

/// Observations of one input partition since its last flush.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestObservations {
    /// The input partition.
    pub source: SourceId,
    /// Counts of its records.
    pub counts: IngestCounts,
    /// Event time up to which the partition is believed complete.
    pub watermark: Option<EventTime>,
}

/// Counts of the records of an input partition. Every record is counted, late or rejected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngestCounts {
    /// Records that were read.
    pub consumed: u64,
    /// Records whose offset had been read before.
    pub repeated: u64,
    /// Predictions that were counted, or labels or orders that were taken.
    pub counted: u64,
    /// Labels among the counted records.
    pub labels: u64,
    /// Orders of operators among the counted records.
    pub orders: u64,
    /// Counted records whose ids do not belong to the sample that is joined.
    pub sampled_out: u64,
    /// Predictions older than their source's watermark.
    pub late: u64,
    /// Counted records that are stamped later than it can be now. They count at their own time, but they did not move the
    /// watermark so far.
    pub ahead: u64,
    /// How far the farthest of them is ahead, in milliseconds.
    pub ahead_millis_max: i64,
    /// Rejected records by reason.
    pub rejected: BTreeMap<Reject, u64>,
}

/// Counts of a join since it began, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JoinObservations {
    /// The partition of `outcomes`.
    pub partition: i32,
    /// Counts of predictions and labels, by result.
    pub counts: JoinCounts,
    /// Predictions that wait for a label.
    pub pending: u64,
    /// Labels that wait for a prediction.
    pub waiting: u64,
    /// Predictions in memory, with or without a label.
    pub entries: u64,
    /// Bytes of memory, roughly.
    pub bytes: u64,
    /// Progress of a rebuild; `None` once it is complete.
    pub rebuilt: Option<Progress>,
    /// Frames that came twice since the last flush, and were dropped.
    pub duplicate_frames: u64,
}

/// Progress: units done of units in total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in total.
    pub of: u64,
}

/// Observations of an evaluate task since its last flush.
#[derive(Debug, Default)]
pub struct Observations {
    /// Records that were published, by topic.
    pub published: BTreeMap<OutputTopic, u64>,
    /// Bytes written to the state topic.
    pub state_bytes: u64,
    /// Panes in memory, open and closed.
    pub panes: u64,
    /// Every model, by name.
    pub models: Vec<ModelObservation>,
    /// Windows that were judged, in order.
    pub windows: Vec<WindowClosed>,
    /// The latest judgement of each subject.
    pub judgements: BTreeMap<JudgementKey, Judgement>,
    /// The latest traffic of each model and window length.
    pub volume: BTreeMap<(String, WindowLength), VolumeObservation>,
    /// The latest smallest changes that are found, of each model and window length.
    pub detectable: BTreeMap<(String, WindowLength), DetectableObservation>,
    /// The latest quality of each window.
    pub quality: BTreeMap<QualityKey, QualityObservation>,
    /// Latest budget status of each objective, by model and objective.
    pub objectives: BTreeMap<(String, String), ObjectiveReading>,
    /// Alerts that opened, changed or ended, in order.
    pub alerts: Vec<AlertObservation>,
    /// Names that were forgotten after a long silence, in order.
    pub forgotten: Vec<Forgotten>,
    /// Patterns of `detect.exclude` that match no subject of any model here; `None` before the first reference.
    pub idle_patterns: Option<BTreeSet<String>>,
    /// All objectives that have nothing to judge.
    pub idle: BTreeSet<IdleObjective>,
    /// Those that had something to judge at the last flush.
    pub newly_idle: Vec<IdleObjective>,
    /// Subjects that came after the reference, and have learned or are given up, in order.
    pub late_subjects: Vec<LateSubject>,
    /// Frames that came twice and were dropped.
    pub duplicate_frames: u64,
    /// Findings that were ignored because a number of theirs is not a number.
    pub unsound_findings: u64,
    /// Predictions dropped because their pane was already closed: their source appeared after the clock had passed it.
    pub late_for_stage: u64,
    /// Partials of quality dropped because their minute was already closed.
    pub late_quality: u64,
    /// Counts of what a limit turned away.
    pub overflow: Overflow,
    /// Orders of operators, by action and by what became of them.
    pub orders: BTreeMap<(&'static str, &'static str), u64>,
}

/// Names that were forgotten after a long silence. What metrics and pages show of all of them together must end; without
/// version, segment and subject, that is everything of the model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// The model.
    pub model: String,
    /// A version of it; `None` for all.
    pub version: Option<String>,
    /// A segment of it; `None` for all, and for the whole.
    pub segment: Option<Segment>,
    /// A subject of it; `None` for all.
    pub subject: Option<Subject>,
}

impl Forgotten {
    /// True if everything of the model is forgotten.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.version.is_none() && self.segment.is_none() && self.subject.is_none()
    }
}

/// Current state of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelObservation {
    /// Its name.
    pub name: String,
    /// Versions that are known.
    pub versions: u64,
    /// Subjects of its reference.
    pub subjects: u64,
    /// Its reference.
    pub reference: ReferenceProgress,
    /// Why it cannot be judged; `None` if it can, or nothing is known yet.
    pub unjudged: Option<Unjudged>,
    /// Subjects that open no alerts, by published name.
    pub unpaged: BTreeMap<String, Unpaged>,
    /// What an operator should know of it.
    pub remarks: Vec<Remark>,
}

/// Progress of a model's reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceProgress {
    /// The reference is being learned.
    Learning {
        /// Minutes of event time.
        span_minutes: Progress,
        /// Predictions.
        events: Progress,
    },
    /// The reference is learned.
    Learned {
        /// Its content hash.
        id: String,
        /// True until the whole learning span was seen: only breaks page.
        is_provisional: bool,
    },
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
    /// The values in the window, where they were merged: when the window tumbles, or the subject is in trouble.
    pub observed: Option<ValueSketch>,
    /// The reference that the window was compared with.
    pub reference: Arc<Reference>,
}

/// Identifies the windows of quality that replace each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QualityKey {
    /// Model, version and segment.
    pub scope: Scope,
    /// The time by which the window groups: of the prediction or of its label.
    pub by: WindowTime,
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

/// Latest budget and burn rates of an objective.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveReading {
    /// Share of good predictions that is promised, 0..1.
    pub target: Option<f64>,
    /// Budget and burn rates.
    pub budget: BudgetStatus,
}

/// An objective that has nothing to judge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdleObjective {
    /// The model it is about.
    pub model: String,
    /// The name of the objective.
    pub objective: String,
    /// Why nothing is judged.
    pub reason: IdleReason,
}

/// Why an objective has nothing to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdleReason {
    /// No prediction of the model has come.
    ModelUnseen,
    /// Labels have come, but the positive class has not occurred.
    PositiveClassUnseen,
}

impl IdleReason {
    /// The value of the label `reason` in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ModelUnseen => "model_unseen",
            Self::PositiveClassUnseen => "positive_class_unseen",
        }
    }

    /// The reason and its remedy, for a log line and the status page.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::ModelUnseen => {
                "no prediction of the model has come: check the model's name in the objective and in the predictions"
            }
            Self::PositiveClassUnseen => {
                "labels have come, but the positive class has not occurred: name it under quality.positive"
            }
        }
    }
}

/// Counts of what a limit turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overflow {
    /// Predictions of models or versions beyond their limit.
    pub predictions: u64,
    /// Values of features beyond their limit.
    pub features: u64,
    /// Predictions left out of a segment because its key has too many values. The whole counts them.
    pub segments: u64,
    /// Labels and corrections of models or versions that are not kept.
    pub labels: u64,
    /// Labels and corrections that are not counted in a segment, because it is not kept.
    pub segment_labels: u64,
    /// Breaches that got no cause because a model has too many.
    pub causes: u64,
    /// Drifts that are never assessed because too many of a model wait for their labels.
    pub assessments: u64,
}

impl std::ops::AddAssign for Overflow {
    fn add_assign(&mut self, other: Self) {
        self.predictions += other.predictions;
        self.features += other.features;
        self.segments += other.segments;
        self.labels += other.labels;
        self.segment_labels += other.segment_labels;
        self.causes += other.causes;
        self.assessments += other.assessments;
    }
}

impl IngestCounts {
    /// Notes the time of a counted record; `latest` is the latest time that it can be now.
    pub(super) fn note_time(&mut self, time: EventTime, latest: Tick) {
        let ahead_millis = time.0.saturating_sub(latest.0);
        self.ahead += u64::from(ahead_millis > 0);
        self.ahead_millis_max = self.ahead_millis_max.max(ahead_millis);
    }

    /// Rejected records, for whatever reason.
    #[must_use]
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }
}

impl Progress {
    /// The part that is done, 0..=1. Nothing to do counts as one unit.
    #[must_use]
    pub fn ratio(self) -> f64 {
        (self.done as f64 / self.of.max(1) as f64).clamp(0.0, 1.0)
    }
}

impl JoinObservations {
    /// What a join holds now.
    #[must_use]
    pub fn of(partition: i32, join: &Join) -> Self {
        Self {
            partition,
            counts: join.counts(),
            pending: join.pending(),
            waiting: join.waiting(),
            entries: join.entries(),
            bytes: join.bytes() as u64,
            rebuilt: None,
            duplicate_frames: 0,
        }
    }
}

impl Observations {
    /// Adds the latest judgement of a subject. One without values keeps those that were merged before.
    pub fn judge(&mut self, key: JudgementKey, judgement: Judgement) {
        let before = self.judgements.insert(key.clone(), judgement);
        let kept = before.and_then(|before| before.observed);
        if let Some(latest) = self
            .judgements
            .get_mut(&key)
            .filter(|own| own.observed.is_none())
        {
            latest.observed = kept;
        }
    }

    /// Adds what the windows of a length find: of several versions at one boundary, that of the one with the most predictions.
    pub fn note_detectable(&mut self, key: (String, WindowLength), seen: DetectableObservation) {
        let known = self.detectable.get(&key);
        let is_better = |known: &DetectableObservation| {
            (seen.end, seen.predictions) > (known.end, known.predictions)
        };
        if known.is_none_or(is_better) {
            self.detectable.insert(key, seen);
        }
    }

    /// Counts an order by what became of it.
    pub fn count_order(&mut self, action: &'static str, outcome: &'static str) {
        *self.orders.entry((action, outcome)).or_default() += 1;
    }

    /// How often an invariant did not hold.
    #[must_use]
    pub fn violations(&self) -> [(InvariantId, u64); 2] {
        [
            (InvariantId::FrameUniqueness, self.duplicate_frames),
            (InvariantId::FindingNumbers, self.unsound_findings),
        ]
    }
}

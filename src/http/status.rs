//! The status page: a snapshot of workers, sources, models and alerts, for `/status` and the live view.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::clock_status::ClockStatus;
use super::instant::{rfc3339, rfc3339_always};
use super::picture::Picture;
use super::readiness::Readiness;
use crate::alert::{AlertKind, Area, WindowTime};
use crate::detect::Verdict;
use crate::event::EventTime;

/// Snapshot of the process.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatusPage {
    /// Version of this build.
    pub version: &'static str,
    /// Seconds since the process started.
    pub uptime_secs: u64,
    /// Liveness and readiness, with all workers.
    #[serde(flatten)]
    pub readiness: Readiness,
    /// The smallest watermark of the sources that have one. A topic of orders has none; `clock` names the source that time waits for.
    #[serde(serialize_with = "rfc3339")]
    pub watermark: Option<EventTime>,
    /// The clock of predictions, and the source that holds it; `null` while the process evaluates nothing.
    pub clock: Option<ClockStatus>,
    /// The clock of quality; `null` also if no labels are read.
    pub quality_clock: Option<ClockStatus>,
    /// Predictions counted since the start.
    pub events: u64,
    /// Labels taken since the start.
    pub labels: u64,
    /// Predictions that were dropped as late since the start.
    pub late: u64,
    /// Records that were rejected since the start.
    pub rejected: u64,
    /// Windows that were judged since the start.
    pub windows_closed: u64,
    /// Input partitions.
    pub sources: Vec<SourceStatus>,
    /// Joins of predictions and labels, by partition.
    pub joins: Vec<JoinStatus>,
    /// Models, by name.
    pub models: Vec<ModelStatus>,
    /// Objectives that have nothing to judge.
    pub idle_objectives: Vec<IdleStatus>,
    /// Patterns under `detect.exclude` that match no subject of any model that has learned.
    pub idle_patterns: BTreeSet<String>,
    /// Firing alerts, the oldest first.
    pub firing: Vec<FiringAlert>,
}

/// An objective that has nothing to judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdleStatus {
    /// The model it is about.
    pub model: String,
    /// Its name.
    pub objective: String,
    /// `model_unseen` or `positive_class_unseen`.
    pub reason: &'static str,
    /// The reason and its remedy.
    pub text: &'static str,
}

/// An input partition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceStatus {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Event time up to which the partition is believed complete.
    #[serde(serialize_with = "rfc3339")]
    pub watermark: Option<EventTime>,
    /// Wall clock minus watermark, in seconds.
    pub lag_secs: Option<f64>,
    /// What the partition waits for, in one word; `null` before the first look at its log.
    pub state: Option<&'static str>,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelStatus {
    /// Name of the model.
    pub model: String,
    /// Versions with a judged window.
    pub versions: Vec<String>,
    /// State of the reference.
    pub reference: ReferenceStatus,
    /// Why the model cannot be judged; `null` if it can, or nothing is known yet.
    pub unjudged: Option<UnjudgedStatus>,
    /// Number of subjects that open no alerts.
    pub unpaged_total: usize,
    /// The first 50 of them, by name.
    pub unpaged: Vec<UnpagedStatus>,
    /// What cannot be judged yet or at all, why, and what would help.
    pub remarks: Vec<RemarkStatus>,
    /// Windows that were judged.
    pub windows_closed: u64,
    /// Traffic in the last window of each length, the shortest first.
    pub volume: Vec<VolumeStatus>,
    /// Smallest changes of subjects that are found nine times in ten, in the windows of each length, the shortest first.
    pub detectable: Vec<DetectableStatus>,
    /// Quality in the last windows, first of the whole, then of segments.
    pub quality: Vec<QualityStatus>,
    /// Objectives, by name.
    pub objectives: Vec<ObjectiveStatus>,
    /// Number of subjects that are watched.
    pub subjects_total: usize,
    /// The 50 subjects that are farthest from the reference, the farthest first.
    pub subjects: Vec<SubjectStatus>,
}

/// Traffic in the last window of one length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VolumeStatus {
    /// Length of the window: `15m`, `1h`, `1d` or `7d`.
    pub window: String,
    /// End of the window.
    #[serde(serialize_with = "rfc3339_always")]
    pub end: EventTime,
    /// Predictions that came.
    pub count: u64,
    /// Predictions that were expected.
    pub expected: u64,
    /// Count ÷ expected − 1; `null` if nothing was expected.
    pub change: Option<f64>,
    /// Smallest fall that alarms, as a share of what is expected; `null` if not even a full stop does.
    pub detectable_drop: Option<f64>,
    /// Smallest rise that alarms, as a share of what is expected; `null` while rises are not judged.
    pub detectable_rise: Option<f64>,
    /// The verdict: `lingering` for a change that is shown but does not alarm.
    pub verdict: Verdict,
}

/// A subject that opens no alerts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnpagedStatus {
    /// The subject.
    pub subject: String,
    /// `growing` or `excluded`.
    pub reason: &'static str,
    /// The reason and what would help.
    pub text: String,
}

/// Smallest changes of subjects that the windows of one length find nine times in ten.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetectableStatus {
    /// Length of the window.
    pub window: String,
    /// End of the window that they were computed for, the last at a full hour.
    #[serde(serialize_with = "rfc3339_always")]
    pub end: EventTime,
    /// Version with the most predictions in the window.
    pub version: String,
    /// Its predictions in the window.
    pub predictions: u64,
    /// Shift of the mean of a number, in standard deviations; `null` if no number is judged.
    pub shift: Option<DetectableRange>,
    /// Change in the share of the commonest category, 0..1; `null` if no category is judged.
    pub share: Option<DetectableRange>,
    /// Rise of the rate of nulls, 0..1; `null` if nothing is judged.
    pub nulls: Option<DetectableRange>,
}

/// Smallest changes over the subjects of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetectableRange {
    /// Subjects that are judged.
    pub subjects: u64,
    /// Median over them; `null` if in most of them no change is found.
    pub median: Option<f64>,
    /// The largest of them; `null` if in `worst_subject` no change is found.
    pub worst: Option<f64>,
    /// The subject in which a change is hardest to find.
    pub worst_subject: String,
}

/// What an operator should know of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemarkStatus {
    /// In one word: `learning`, `thin_windows`, `missing_days`, `moving_reference`, `given_up`, `held_alerts`, `only_nulls` or
    /// `strong_rhythm`.
    pub reason: &'static str,
    /// The reason and what would help.
    pub text: String,
}

/// Why a model cannot be judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnjudgedStatus {
    /// The reason in one word.
    pub reason: &'static str,
    /// The reason and what would help.
    pub text: String,
}

/// Quality against labels in the last window of one scope and length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QualityStatus {
    /// Version of the model.
    pub version: String,
    /// Segment; `null` for the whole version.
    pub segment: Option<String>,
    /// The time by which the window groups: of the prediction or of its label.
    pub by: WindowTime,
    /// Length of the window.
    pub window: String,
    /// End of the window.
    #[serde(serialize_with = "rfc3339_always")]
    pub end: EventTime,
    /// Predictions, labelled or not.
    pub predicted: u64,
    /// Predictions with a label.
    pub labelled: u64,
    /// Labelled ÷ predicted, 0..=1; `null` by label time.
    pub coverage: Option<f64>,
    /// Measures by name, each in its own unit.
    pub measures: BTreeMap<&'static str, f64>,
}

/// Standing of an objective.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObjectiveStatus {
    /// Name of the objective.
    pub objective: String,
    /// Good events of the period.
    pub good: i64,
    /// Valid events of the period.
    pub valid: i64,
    /// Good ÷ valid; `null` without valid events.
    pub value: Option<f64>,
    /// Target share of good events, 0..1.
    pub target: Option<f64>,
    /// Share of the error budget that is left; negative once it is overdrawn.
    pub budget_remaining: Option<f64>,
    /// `budget_remaining` as a bar of 20 characters.
    pub budget: Option<String>,
    /// Burn rate by window: 1 spends the budget in exactly the period; `null` with too few events.
    pub burn_rates: BTreeMap<String, Option<f64>>,
    /// Time at which the budget ends at the present rate, or ended.
    #[serde(serialize_with = "rfc3339")]
    pub exhausted_at: Option<EventTime>,
}

/// Counts of one join of predictions and labels, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinStatus {
    /// Partition of the outcomes topic.
    pub partition: i32,
    /// Predictions received.
    pub predictions: u64,
    /// Predictions joined to a label.
    pub joined: u64,
    /// Predictions that wait for a label.
    pub pending: u64,
    /// Predictions that expired without a label.
    pub expired: u64,
    /// Labels received.
    pub labels: u64,
    /// Labels joined to a prediction.
    pub labels_joined: u64,
    /// Labels that wait for a prediction.
    pub labels_waiting: u64,
    /// Labels that expired without a prediction.
    pub labels_expired: u64,
    /// Labels that replaced an earlier truth.
    pub corrections: u64,
    /// Predictions in memory.
    pub entries: u64,
    /// Bytes of memory, roughly.
    pub bytes: u64,
}

/// State of a model's reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ReferenceStatus {
    /// The reference is being learned.
    Learning {
        /// Share of the needed event time or of the needed predictions, whichever is smaller, 0..=1.
        progress: f64,
        /// Predictions so far.
        events: u64,
    },
    /// The reference is learned.
    Learned {
        /// Content hash of the reference.
        id: String,
        /// True until the whole learning span was seen: what is smaller than a break may be a weekday, and pages nobody.
        provisional: bool,
    },
}

/// A subject in its last judged window, of the shortest length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubjectStatus {
    /// Name of the subject.
    pub subject: String,
    /// Version of the model.
    pub version: String,
    /// Length of the window.
    pub window: String,
    /// End of the window.
    #[serde(serialize_with = "rfc3339_always")]
    pub end: EventTime,
    /// Name of the distance that ranks the subject.
    pub distance: &'static str,
    /// Value of that distance.
    pub value: f64,
    /// The worst verdict of all detectors.
    pub verdict: Verdict,
    /// Small picture of reference and window.
    pub picture: Picture,
}

/// A firing alert.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FiringAlert {
    /// Identity of the alert while it fires.
    pub fingerprint: String,
    /// The model.
    pub model: String,
    /// Kind of the alert, as published.
    pub kind: AlertKind,
    /// Area of its subjects; `null` for volume and objectives.
    pub area: Option<Area>,
    /// Number of the alert among those of its kind and area that are open at once, from 1.
    pub wave: u8,
    /// Severity as published: `critical`, `warning`, `none`.
    pub severity: String,
    /// Start of the episode, in event time.
    #[serde(serialize_with = "rfc3339_always")]
    pub since: EventTime,
    /// Causes by rank.
    pub causes: Vec<String>,
}

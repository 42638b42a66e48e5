//! The meter port: what a worker says about its work, in the runtime's own words.
//!
//! Every worker owns one meter. It is told facts after they are committed; what becomes of them (metrics, a status
//! page, nothing) is not its business. No method may block or fail.

use std::time::Duration;

use crate::alert::By;
use crate::detect::{Family, Verdict};
use crate::event::{EventTime, Reject, Segment};
use crate::pipeline::invariant::InvariantId;
use crate::sketch::{Subject, ValueSketch};
use crate::window::{Boundary, WindowLength};

/// What one committed flush took from one input partition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SourceTally<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// Predictions that were counted.
    pub accepted: u64,
    /// Predictions that came after their source's watermark.
    pub late: u64,
    /// Of the accepted, those whose ids do not belong to the sample that is joined.
    pub sampled_out: u64,
    /// Refused records by reason, since the last flush.
    pub rejected: &'a [(Reject, u64)],
    /// Up to where the source is believed complete.
    pub watermark: Option<EventTime>,
}

/// How far the learning of a model's reference has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearningProgress<'a> {
    /// The model.
    pub model: &'a str,
    /// Event time seen so far, in minutes.
    pub span_minutes: i64,
    /// Event time that is wanted, in minutes.
    pub span_minutes_wanted: i64,
    /// Predictions seen so far.
    pub events: u64,
    /// Predictions that are wanted.
    pub events_wanted: u64,
}

/// A window of one model and version that was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowClosed<'a> {
    /// The model.
    pub model: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Length of the window.
    pub window: WindowLength,
    /// Where it ends.
    pub end: Boundary,
    /// Predictions in it.
    pub predictions: u64,
}

/// One subject of one window beside its reference.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// The model.
    pub model: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Length of the window.
    pub window: WindowLength,
    /// Where it ends.
    pub end: Boundary,
    /// What was judged.
    pub subject: &'a Subject,
    /// Distances from the reference by name (`psi`, `ks`…), each in its own unit; the first one ranks the subject.
    pub distances: &'a [(&'static str, f64)],
    /// The worst verdict of all detectors.
    pub verdict: Verdict,
    /// What the reference knows of the subject.
    pub reference: &'a ValueSketch,
    /// What the window holds of it.
    pub observed: &'a ValueSketch,
}

/// An alert that changed, or was found in the restored state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlertChange<'a> {
    /// The alert's identity while it lives.
    pub fingerprint: &'a str,
    /// The model.
    pub model: &'a str,
    /// The family that gathers its causes.
    pub family: Family,
    /// Severity as published: `critical`, `warning`, `none`.
    pub severity: &'a str,
    /// Whether it fires now.
    pub firing: bool,
    /// Since when, in event time.
    pub since: EventTime,
    /// The causes by rank, as `subject detector`.
    pub causes: &'a [String],
}

/// What one evaluate task holds in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StateSizes {
    /// The task's partition of `panes`.
    pub partition: i32,
    /// Models.
    pub models: u64,
    /// Versions of all models.
    pub versions: u64,
    /// Subjects of all versions.
    pub subjects: u64,
    /// Panes, open and closed.
    pub panes: u64,
    /// Bytes in the state topic, roughly.
    pub bytes: u64,
}

/// Quality of one version, or of one segment of it, over one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityTold<'a> {
    /// The model.
    pub model: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The segment; `None` for the version as a whole.
    pub segment: Option<&'a Segment>,
    /// By which time the window gathers.
    pub by: By,
    /// Length of the window.
    pub window: WindowLength,
    /// Where it ends.
    pub at: Boundary,
    /// Predictions that wait for a label or have one.
    pub predicted: u64,
    /// Those that have one.
    pub labelled: u64,
    /// Measures by name (`accuracy`, `precision`…), each in its own unit; those that are defined.
    pub measures: &'a [(&'static str, f64)],
}

/// How an objective of a model stands at a boundary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObjectiveTold<'a> {
    /// The model.
    pub model: &'a str,
    /// The objective's name.
    pub objective: &'a str,
    /// Good ones of the period.
    pub good: i64,
    /// Those of the period that were asked.
    pub valid: i64,
    /// Share of good ones that is promised, 0..1.
    pub target: Option<f64>,
    /// Share of the error budget that is left; below 0 once it is overdrawn.
    pub remaining: Option<f64>,
    /// When the budget ends at the present rate, or when it ended.
    pub exhausted_at: Option<Boundary>,
    /// How many times too fast the budget is spent, by window; `None` where too few were asked.
    pub burn_rates: &'a [(WindowLength, Option<f64>)],
}

/// What one join task has done since it began, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JoinTold {
    /// The task's partition of the outcomes topic.
    pub partition: i32,
    /// Predictions that came.
    pub predictions: u64,
    /// Predictions that met their label.
    pub joined: u64,
    /// Predictions that wait for a label now.
    pub pending: u64,
    /// Predictions whose horizon passed without a label.
    pub expired: u64,
    /// Predictions that came again.
    pub duplicates: u64,
    /// Labels that came.
    pub labels: u64,
    /// Labels that met their prediction.
    pub labels_joined: u64,
    /// Labels that wait for their prediction now.
    pub labels_waiting: u64,
    /// Labels that waited in vain.
    pub labels_expired: u64,
    /// Labels that said nothing new.
    pub labels_duplicate: u64,
    /// Labels that replaced a truth.
    pub corrections: u64,
    /// Entries held.
    pub entries: u64,
    /// Bytes of memory they take, roughly.
    pub bytes: u64,
}

/// How much of a topic was read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// Records read.
    pub done: u64,
    /// Records there are.
    pub of: u64,
}

/// What was left out because a bound was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// Predictions of models or versions beyond their bound.
    Predictions,
    /// Sketches of features beyond their bound.
    Features,
    /// Predictions that are not counted in a segment because its key has too many values; the whole has them.
    Segments,
    /// Predictions that a partition brought after the clock had passed their panes.
    LateForStage,
}

impl LeftOut {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 4] = [
        Self::Predictions,
        Self::Features,
        Self::Segments,
        Self::LateForStage,
    ];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Predictions => "predictions",
            Self::Features => "features",
            Self::Segments => "segment_predictions",
            Self::LateForStage => "stranded_predictions",
        }
    }
}

/// What one worker reports. Every method does nothing unless it is implemented.
pub trait Meter: Send + Sync {
    /// The worker's loop turned; said at every poll.
    fn heartbeat(&self) {}
    /// The worker owns `partitions` and begins to restore them; 0 while it owns none. What it reported of partitions
    /// and models before is no longer its own.
    fn restoring(&self, _partitions: usize) {}
    /// `records` of state were read so far.
    fn restore_progress(&self, _records: u64) {}
    /// Everything it owns is restored, from `records` of state; it works from now on.
    fn restored(&self, _took: Duration, _records: u64) {}
    /// A flush of one source was committed.
    fn ingested(&self, _tally: &SourceTally<'_>) {}
    /// `records` were committed to the output topic of this kind: `drift`, `anomaly`, `reports`, `references`, `dead_letters`.
    fn published(&self, _kind: &'static str, _records: u64) {}
    /// A flush gathered `bytes` and took this long until they were handed to the log.
    fn flushed(&self, _took: Duration, _bytes: u64) {}
    /// A transaction was committed, and took this long.
    fn committed(&self, _took: Duration) {}
    /// A transaction was given up; the work is read again.
    fn aborted(&self) {}
    /// An invariant did not hold `count` times.
    fn violation(&self, _id: InvariantId, _count: u64) {}
    /// `count` more were left out.
    fn left_out(&self, _what: LeftOut, _count: u64) {}
    /// What an evaluate task holds.
    fn state(&self, _sizes: &StateSizes) {}
    /// A model's reference is being learned.
    fn learning(&self, _learning: &LearningProgress<'_>) {}
    /// A model has a reference: just learned, or restored.
    fn learned(&self, _model: &str, _reference_id: &str) {}
    /// A window was judged.
    fn window_closed(&self, _window: &WindowClosed<'_>) {}
    /// A subject of a window was compared with the reference.
    fn judged(&self, _judged: &Judged<'_>) {}
    /// A window's quality was measured.
    fn quality(&self, _told: &QualityTold<'_>) {}
    /// An objective was evaluated.
    fn objective(&self, _told: &ObjectiveTold<'_>) {}
    /// What a join task has done and holds; the counts only grow while the task lives.
    fn joined(&self, _told: &JoinTold) {}
    /// A join task reads its topic again to rebuild what it held: `done` of `of` records. Equal once it is done.
    fn rebuilding(&self, _partition: i32, _rebuilt: Rebuilt) {}
    /// An alert began, changed or ended; said for every restored firing alert, too.
    fn alert(&self, _alert: &AlertChange<'_>) {}
}

/// A meter that hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMeter;

impl Meter for NoMeter {}

//! A snapshot of everything worth knowing, for `/status` and the live view.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::picture::Picture;
use super::readiness::Readiness;
use crate::alert::By;
use crate::detect::{Family, Verdict};
use crate::event::EventTime;

/// What runs, how far it is and what it sees.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatusPage {
    /// Version of this build.
    pub version: &'static str,
    /// Seconds since the process started.
    pub uptime_secs: u64,
    /// Whether it is alive and ready, worker by worker.
    #[serde(flatten)]
    pub readiness: Readiness,
    /// Up to where everything this process reads is believed complete: the smallest watermark.
    #[serde(serialize_with = "rfc3339")]
    pub watermark: Option<EventTime>,
    /// Predictions counted since the start.
    pub events: u64,
    /// Predictions that came too late.
    pub late: u64,
    /// Records refused.
    pub rejected: u64,
    /// Windows judged.
    pub windows_closed: u64,
    /// Each input partition.
    pub sources: Vec<SourceStatus>,
    /// Each join of predictions and labels, by partition.
    pub joins: Vec<JoinStatus>,
    /// Each model.
    pub models: Vec<ModelStatus>,
    /// Alerts that fire, the oldest first.
    pub firing: Vec<FiringAlert>,
}

/// An input partition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceStatus {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Up to where it is believed complete.
    #[serde(serialize_with = "rfc3339")]
    pub watermark: Option<EventTime>,
    /// Wall clock minus watermark.
    pub lag_secs: Option<f64>,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelStatus {
    /// Its name.
    pub model: String,
    /// Versions that were judged.
    pub versions: Vec<String>,
    /// Its reference.
    pub reference: ReferenceStatus,
    /// Windows judged.
    pub windows_closed: u64,
    /// Quality in the last windows: the whole first, then its segments.
    pub quality: Vec<QualityStatus>,
    /// Its objectives.
    pub objectives: Vec<ObjectiveStatus>,
    /// Subjects watched; those shown are the farthest from the reference.
    pub subjects_total: usize,
    /// At most 50 subjects, the farthest first.
    pub subjects: Vec<SubjectStatus>,
}

/// Quality against labels in the last window of one scope and length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QualityStatus {
    /// The model's version.
    pub version: String,
    /// The segment; `null` for the whole.
    pub segment: Option<String>,
    /// By which time the window gathers.
    pub by: By,
    /// Length of the window.
    pub window: String,
    /// Where the window ends.
    #[serde(serialize_with = "rfc3339_always")]
    pub end: EventTime,
    /// Predictions that wait for a label or have one.
    pub predicted: u64,
    /// Those that have one.
    pub labelled: u64,
    /// Labelled ÷ predicted.
    pub coverage: Option<f64>,
    /// Measures by name, each in its own unit.
    pub measures: BTreeMap<&'static str, f64>,
}

/// How an objective stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObjectiveStatus {
    /// Its name.
    pub objective: String,
    /// Good ones of the period.
    pub good: i64,
    /// Those that were asked.
    pub valid: i64,
    /// Good ÷ valid.
    pub value: Option<f64>,
    /// Share of good ones that is promised.
    pub target: Option<f64>,
    /// Share of the error budget that is left; below 0 once it is overdrawn.
    pub budget_remaining: Option<f64>,
    /// The same as a bar.
    pub budget: Option<String>,
    /// How many times too fast the budget is spent, by window; `null` with too few events.
    pub burn_rates: BTreeMap<String, Option<f64>>,
    /// When the budget ends at the present rate, or when it ended.
    #[serde(serialize_with = "rfc3339")]
    pub exhausted_at: Option<EventTime>,
}

/// What one join of predictions and labels did and holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinStatus {
    /// The partition of the outcomes topic.
    pub partition: i32,
    /// Predictions that came.
    pub predictions: u64,
    /// Those that met their label.
    pub joined: u64,
    /// Those that wait for one.
    pub pending: u64,
    /// Those whose horizon passed without one.
    pub expired: u64,
    /// Labels that came.
    pub labels: u64,
    /// Those that met their prediction.
    pub labels_joined: u64,
    /// Those that wait for it.
    pub labels_waiting: u64,
    /// Those that waited in vain.
    pub labels_expired: u64,
    /// Labels that replaced a truth.
    pub corrections: u64,
    /// Entries held.
    pub entries: u64,
    /// Bytes of memory they take, roughly.
    pub bytes: u64,
}

/// How far a model's reference is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ReferenceStatus {
    /// It is being learned.
    Learning {
        /// 0..=1: the smaller of the shares of event time and of predictions.
        progress: f64,
        /// Predictions so far.
        events: u64,
    },
    /// It is there.
    Learned {
        /// Its content hash.
        id: String,
    },
}

/// A subject in its last judged window of the shortest length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubjectStatus {
    /// The subject's name.
    pub subject: String,
    /// The model's version.
    pub version: String,
    /// Length of the window.
    pub window: String,
    /// Where the window ends.
    #[serde(serialize_with = "rfc3339_always")]
    pub end: EventTime,
    /// Name of the distance that ranks it.
    pub distance: &'static str,
    /// That distance.
    pub value: f64,
    /// The worst verdict.
    pub verdict: Verdict,
    /// Reference and window in small.
    pub picture: Picture,
}

/// An alert that fires.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FiringAlert {
    /// Its identity while it lives.
    pub fingerprint: String,
    /// The model.
    pub model: String,
    /// The family that gathers its causes.
    pub family: Family,
    /// Severity.
    pub severity: String,
    /// Since when.
    #[serde(serialize_with = "rfc3339_always")]
    pub since: EventTime,
    /// Its causes by rank.
    pub causes: Vec<String>,
}

/// RFC 3339 in UTC, to the second; milliseconds as a number where the year is out of range.
#[must_use]
pub(super) fn instant(time: EventTime) -> String {
    jiff::Timestamp::from_millisecond(time.0)
        .map_or_else(|_| time.0.to_string(), |t| t.strftime("%FT%TZ").to_string())
}

fn rfc3339<S: Serializer>(time: &Option<EventTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_some(&instant(*time)),
        None => serializer.serialize_none(),
    }
}

fn rfc3339_always<S: Serializer>(time: &EventTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant(*time))
}

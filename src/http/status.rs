//! A snapshot of everything worth knowing, for `/status` and the live view.

use serde::{Serialize, Serializer};

use super::picture::Picture;
use super::readiness::Readiness;
use crate::detect::{Family, Verdict};
use crate::event::EventTime;

/// What runs, how far it is and what it sees.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
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
    /// Subjects watched; those shown are the farthest from the reference.
    pub subjects_total: usize,
    /// At most 50 subjects, the farthest first.
    pub subjects: Vec<SubjectStatus>,
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

//! The published record: one versioned JSON form for every alert topic.
//!
//! Fields stand in the order of this file, maps are sorted, numbers are finite: equal alerts are equal bytes. The
//! contract is `schemas/alert.schema.json`. Feature values do not appear, but for the name of a category in its cause.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::assessed::Impact;
use super::cause::{Cause, Evidence};
use super::objective::ObjectivePart;
use super::segment::SegmentRecord;
use super::terms::{AlertKind, AlertStatus, Change, Severity};
use crate::event::EventTime;
use crate::sketch::{Exemplar, Exemplars};
use crate::window::{Span, WindowLength};

/// Name and version of the record's schema.
pub const ALERT_SCHEMA: &str = "tidegauge.alert/1";
/// Causes that a record shows; the rest is counted. At some 600 bytes each a record stays below 16 KB.
pub const CAUSES_SHOWN_MAX: usize = 20;

/// A window of event time, as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRecord {
    /// Its length: `15m`, `1h`, `1d`.
    pub length: String,
    /// First instant inside, RFC 3339.
    pub start: String,
    /// First instant after, RFC 3339.
    pub end: String,
}

impl WindowRecord {
    /// The window of a span: its length is the span's.
    pub(super) fn of_span(span: Span) -> Self {
        let minutes = span.end.0.saturating_sub(span.start.0);
        let length = u32::try_from(minutes)
            .ok()
            .and_then(WindowLength::from_minutes);
        Self::of(
            length.map_or_else(|| "0m".to_owned(), WindowLength::name),
            span,
        )
    }

    pub(super) fn of(length: String, span: Span) -> Self {
        Self {
            length,
            start: instant(span.start.time()),
            end: instant(span.end.time()),
        }
    }
}

/// What was measured: of a cause, and at the top of an alert of its first cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CauseMeasure {
    /// `feature:amount`, `score`, `source:predictions/3`; `null` for a model's scope as a whole.
    pub subject: Option<String>,
    /// The detector.
    pub detector: String,
    /// Name and version of the law by which it judged.
    pub definition: String,
    /// The category concerned, where it can be named.
    pub category: Option<String>,
    /// The window that was judged; `null` for integrity.
    pub window: Option<WindowRecord>,
    /// The value that was measured, in the detector's unit.
    pub value: f64,
    /// What `value` must reach to matter.
    pub threshold: f64,
    /// `value ÷ threshold`; `null` for integrity and assessments.
    pub effect: Option<f64>,
    /// The test's statistic; `null` for integrity and assessments.
    pub statistic: Option<f64>,
    /// The statistic's critical value; `null` for integrity and assessments.
    pub critical: Option<f64>,
    /// The survival function at the statistic, where the test has one.
    pub p_value: Option<f64>,
    /// Events of the window that were judged; `null` for integrity.
    pub window_events: Option<u64>,
    /// Events of the reference; `null` for integrity.
    pub reference_events: Option<u64>,
    /// Numbers that ride along, by name.
    pub details: BTreeMap<String, f64>,
}

/// Version of the laws; a detector whose law changes gets a new name or a new number.
const LAW: u32 = 1;

impl CauseMeasure {
    /// The law that `detector` stands for, as published: `tidegauge.psi/1`.
    pub(super) fn definition_of(detector: &str) -> String {
        format!("tidegauge.{detector}/{LAW}")
    }

    pub(super) fn of(cause: &Cause, evidence: &Evidence) -> Self {
        let span = Span::ending_at(evidence.at, cause.length);
        let details = evidence.details.iter();
        Self {
            subject: cause.subject_name(),
            detector: cause.detector.to_string(),
            definition: Self::definition_of(&cause.detector),
            category: evidence.category.clone(),
            window: Some(WindowRecord::of(cause.length.name(), span)),
            value: evidence.value,
            threshold: evidence.threshold,
            effect: Some(evidence.effect),
            statistic: Some(evidence.statistic),
            critical: Some(evidence.critical),
            p_value: evidence.p_value,
            window_events: Some(evidence.window_events),
            reference_events: Some(evidence.reference_events),
            details: details.map(|(name, x)| (name.to_string(), *x)).collect(),
        }
    }
}

/// One cause: its version, and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CauseRecord {
    /// The model's version; `null` where the producer names none, and for integrity.
    pub version: Option<String>,
    /// The segment; `null` for the version as a whole.
    pub segment: Option<String>,
    /// What was measured.
    #[serde(flatten)]
    pub measure: CauseMeasure,
}

/// A subject of a version or of a segment of it, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Named {
    /// The model's version; `null` where the producer names none.
    pub version: Option<String>,
    /// The segment; `null` for the version as a whole.
    pub segment: Option<String>,
    /// The subject; `null` for the scope as a whole.
    pub subject: Option<String>,
}

/// One of a few predictions behind the first cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExemplarRecord {
    /// The prediction's id.
    pub prediction_id: String,
    /// The trace's id, if known.
    pub trace_id: Option<String>,
}

/// Where an exemplar lies in Kafka. Outside what is reproducible: another run may have written it elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The prediction's id.
    pub prediction_id: String,
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

/// One transition of an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// [`ALERT_SCHEMA`].
    pub schema: String,
    /// The record's id: the same transition always has the same.
    pub id: String,
    /// The alert's id, shared by all its records; the Kafka key.
    pub fingerprint: String,
    /// What kind of trouble it is.
    pub kind: AlertKind,
    /// Where the alert stands.
    pub status: AlertStatus,
    /// Why this was published; `null` for integrity.
    pub change: Option<Change>,
    /// Number of the record within the episode, from 0; an assessment is not counted and says 0.
    pub sequence: u64,
    /// How urgent it is.
    pub severity: Severity,
    /// The model; `null` for integrity.
    pub model: Option<String>,
    /// The version, if all causes share one that has a name.
    pub version: Option<String>,
    /// The segment that all causes share, or the one that bears more than half of what an objective has too much;
    /// `null` where there is none.
    pub segment: Option<String>,
    /// What was measured of the first cause.
    #[serde(flatten)]
    pub measure: CauseMeasure,
    /// The reference that was compared with.
    pub reference_id: Option<String>,
    /// Subjects concerned, shown or not.
    pub causes_total: u64,
    /// One cause per version, segment and subject, by descending effect; at most [`CAUSES_SHOWN_MAX`].
    pub causes: Vec<CauseRecord>,
    /// Subjects that are new with this record, shown or not.
    pub new_causes_total: u64,
    /// Their names, in the order of the causes; at most [`CAUSES_SHOWN_MAX`].
    pub new_causes: Vec<Named>,
    /// A few predictions behind the first cause; none once it is over.
    pub exemplars: Vec<ExemplarRecord>,
    /// Where they lie.
    pub provenance: Vec<Provenance>,
    /// The runbook, if one is configured.
    pub runbook_url: Option<String>,
    /// What an Alertmanager routes by: the same through an episode but for an escalation.
    pub labels: BTreeMap<String, String>,
    /// What a person reads.
    pub annotations: BTreeMap<String, String>,
    /// The boundary at which this was decided, RFC 3339: the end of the windows that were judged; for integrity when it was noticed.
    pub at: String,
    /// When the episode began, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339; of an integrity fact when it may be forgotten.
    pub ended_at: Option<String>,
    /// The worst segments behind the first cause, the largest excess first; empty where they are not known.
    #[serde(default)] // records of the first build have none
    pub segments: Vec<SegmentRecord>,
    /// The objective that is not met; `null` for other kinds.
    pub objective: Option<ObjectivePart>,
    /// What the drift did to quality; `null` but in an assessment.
    pub impact: Option<Impact>,
}

impl AlertRecord {
    /// The Kafka key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.fingerprint
    }

    /// The Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }
}

/// The JSON of a record.
#[expect(
    clippy::expect_used,
    reason = "strings, finite numbers and string keys always have a JSON form"
)]
pub(super) fn json(record: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(record).expect("a record has a JSON form")
}

/// A name, or nothing where it is empty.
pub(super) fn named(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

/// An instant in RFC 3339, held at the ends of the years -9999 to 9999.
pub(super) fn instant(time: EventTime) -> String {
    let end = if time.0 < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_millisecond(time.0)
        .unwrap_or(end)
        .to_string()
}

pub(super) fn exemplar_records(exemplars: &Exemplars) -> Vec<ExemplarRecord> {
    let record = |exemplar: &Exemplar| ExemplarRecord {
        prediction_id: exemplar.id.clone(),
        trace_id: exemplar.trace_id.clone(),
    };
    exemplars.as_slice().iter().map(record).collect()
}

pub(super) fn provenance(exemplars: &Exemplars) -> Vec<Provenance> {
    let record = |exemplar: &Exemplar| Provenance {
        prediction_id: exemplar.id.clone(),
        topic: exemplar.whereabouts.topic.clone(),
        partition: exemplar.whereabouts.partition,
        offset: exemplar.whereabouts.offset,
    };
    exemplars.as_slice().iter().map(record).collect()
}

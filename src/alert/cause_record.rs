//! What an alert's record says of a cause: its window, what was measured, and the predictions behind it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cause::{Cause, Evidence};
use super::wire::{WindowRecord, named};
use crate::event::Segment;
use crate::sketch::{Exemplar, Exemplars};
use crate::window::Span;

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

    /// A value and its threshold, without a window, a test or a reference.
    pub(super) fn plain(detector: &str, value: f64, threshold: f64) -> Self {
        Self {
            subject: None,
            detector: detector.to_owned(),
            definition: Self::definition_of(detector),
            category: None,
            window: None,
            value,
            threshold,
            effect: None,
            statistic: None,
            critical: None,
            p_value: None,
            window_events: None,
            reference_events: None,
            details: BTreeMap::new(),
        }
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

impl CauseRecord {
    pub(super) fn of(cause: &Cause, evidence: &Evidence) -> Self {
        Self {
            version: named(&cause.version),
            segment: cause.segment.as_ref().map(Segment::to_string),
            measure: CauseMeasure::of(cause, evidence),
        }
    }
}

impl Named {
    pub(super) fn of(cause: &Cause) -> Self {
        Self {
            version: named(&cause.version),
            segment: cause.segment.as_ref().map(Segment::to_string),
            subject: cause.subject_name(),
        }
    }
}

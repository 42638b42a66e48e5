//! Published form of a cause: its window, its measured values, and the predictions behind it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cause::{Cause, Evidence};
use super::wire::{WindowRecord, named};
use crate::event::Segment;
use crate::sketch::{Exemplar, Exemplars};
use crate::window::Span;

/// Measured values of a cause. Part of each cause in a record; those of the first cause also stand at the top of the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CauseMeasure {
    /// Subject, such as `feature:amount`, `score` or `source:predictions/3`; `null` for a model's scope as a whole.
    pub subject: Option<String>,
    /// Name of the detector.
    pub detector: String,
    /// Name and version of the detector's definition: `tidegauge.psi/1`.
    pub definition: String,
    /// Affected category; `null` if it has no name.
    pub category: Option<String>,
    /// Evaluated window; `null` for integrity.
    pub window: Option<WindowRecord>,
    /// Measured value, in the detector's unit.
    pub value: f64,
    /// Value from which the finding matters, in the detector's unit.
    pub threshold: f64,
    /// Distance ÷ distance at the threshold; `null` for integrity and assessments.
    pub effect: Option<f64>,
    /// Statistic of the test; `null` for integrity and assessments.
    pub statistic: Option<f64>,
    /// Critical value of the statistic; `null` for integrity and assessments.
    pub critical: Option<f64>,
    /// Survival function at the statistic; `null` if the test has none.
    pub p_value: Option<f64>,
    /// Evaluated events of the window; `null` for integrity.
    pub window_events: Option<u64>,
    /// Events of the reference; `null` for integrity.
    pub reference_events: Option<u64>,
    /// Further numbers by name.
    pub details: BTreeMap<String, f64>,
}

/// Version of the detectors' definitions. A detector whose definition changes gets a new name or a new number.
const LAW: u32 = 1;

impl CauseMeasure {
    /// Name and version of the definition of `detector`, as published: `tidegauge.psi/1`.
    pub(super) fn definition_of(detector: &str) -> String {
        format!("tidegauge.{detector}/{LAW}")
    }

    /// Value and threshold, without a window, a test or a reference.
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

/// One cause: its version, its segment, and its measured values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CauseRecord {
    /// Version of the model; `null` if the producer names none, and for integrity.
    pub version: Option<String>,
    /// Segment; `null` for the version as a whole.
    pub segment: Option<String>,
    /// Times that the subject fired again after it had resolved, within the episode. They are not announced one by one.
    #[serde(default)] // older records have none
    pub returns: u32,
    /// Measured values.
    #[serde(flatten)]
    pub measure: CauseMeasure,
}

/// Names of a version, a segment of it, and a subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Named {
    /// Version of the model; `null` if the producer names none.
    pub version: Option<String>,
    /// Segment; `null` for the version as a whole.
    pub segment: Option<String>,
    /// Subject; `null` for the scope as a whole.
    pub subject: Option<String>,
}

/// Example prediction behind the first cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExemplarRecord {
    /// Id of the prediction.
    pub prediction_id: String,
    /// Id of the trace, if known.
    pub trace_id: Option<String>,
}

/// Position of an exemplar in Kafka. It is not reproducible: another run may have the prediction at another position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Id of the prediction.
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
    pub(super) fn of(cause: &Cause, evidence: &Evidence, returns: u32) -> Self {
        Self {
            version: named(&cause.version),
            segment: cause.segment.as_ref().map(Segment::to_string),
            returns,
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

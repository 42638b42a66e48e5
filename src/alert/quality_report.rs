//! Quality against labels: what is known of one scope's predictions in one window, for a warehouse to load.
//!
//! Each window of prediction time is reported again as its labels arrive: at the ages of 1, 3 and 7 days, and at the label
//! horizon, after which nothing changes. Early labels mislead, because wrong answers are often labelled sooner. So every
//! record says how old it is, how many predictions have a label, and whether it is immature.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::path_segment;
use super::finite::finite;
use super::quality_shape::{
    ConfusionRecord, EvaluationRecord, RegressionRecord, confusion_records, delays,
};
use super::terms::WindowTime;
use super::wire::{WindowRecord, instant, json, named};
use crate::event::Segment;
use crate::sketch::{EvaluationCells, Quality};
use crate::stats::{MEASURES, Measured, Selection, selection};
use crate::window::{Boundary, Span, WindowLength};

/// Name and version of the record's schema.
pub const QUALITY_SCHEMA: &str = "tidegauge.quality/1";

/// Age of a window of prediction time when it is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Age {
    /// A day.
    #[serde(rename = "1d")]
    OneDay,
    /// Three days.
    #[serde(rename = "3d")]
    ThreeDays,
    /// A week.
    #[serde(rename = "7d")]
    SevenDays,
    /// The label horizon, after which nothing changes.
    #[serde(rename = "horizon")]
    Horizon,
}

/// Input of a quality report.
#[derive(Debug, Clone, Copy)]
pub struct QualityReport<'a> {
    /// Name of the model.
    pub model: &'a str,
    /// Version of the model; empty if the producer names none.
    pub version: &'a str,
    /// Segment; `None` for the version as a whole.
    pub segment: Option<&'a Segment>,
    /// Time by which outcomes are assigned to the window.
    pub by: WindowTime,
    /// Length of the window.
    pub length: WindowLength,
    /// End of the window.
    pub end: Boundary,
    /// Boundary up to which labels were known.
    pub as_of: Boundary,
    /// Age at which the window is reported; `None` by label time.
    pub age: Option<Age>,
    /// True if many labels of the window may still be missing.
    pub immature: bool,
    /// Counts of the window.
    pub quality: &'a Quality,
    /// Positive class.
    pub positive: Option<&'a str>,
}

/// Value of a measure, its count, and its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasureRecord {
    /// Value, in the measure's unit.
    pub value: f64,
    /// Predictions behind the value.
    pub count: i64,
    /// Lower end of the interval; `null` if the measure has none.
    pub low: Option<f64>,
    /// Upper end of the interval; `null` if the measure has none.
    pub high: Option<f64>,
}

/// Comparison of the scores of labelled predictions with those of all predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelectionRecord {
    /// True if they differ. The measures then hold for labelled predictions, not for all.
    pub differs: bool,
    /// PSI of labelled against all predictions, less its bias, in nats.
    pub psi: f64,
    /// Natural logarithm of the p-value of labelled against unlabelled predictions.
    pub ln_p: f64,
    /// Labelled predictions with a score.
    pub labelled: u64,
    /// Unlabelled predictions with a score.
    pub unlabelled: u64,
}

/// Quality of one scope in one window, as known at `as_of`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityRecord {
    /// [`QUALITY_SCHEMA`].
    pub schema: String,
    /// Name of the model.
    pub model: String,
    /// Version of the model; `null` if the producer names none.
    pub version: Option<String>,
    /// Segment; `null` for the version as a whole.
    pub segment: Option<String>,
    /// `prediction` for predictions of the window, `label` for labels that became known in it.
    pub by: WindowTime,
    /// Window of the report.
    pub window: WindowRecord,
    /// Time before which labels must be known to be counted, RFC 3339.
    pub as_of: String,
    /// Age of the window: `1d`, `3d`, `7d`, `horizon`; `null` by label time.
    pub age: Option<Age>,
    /// True if many labels may still be missing.
    pub immature: bool,
    /// Predictions that have a label or wait for one.
    pub predicted: i64,
    /// Predictions that have a label.
    pub labelled: i64,
    /// Labelled ÷ predicted; `null` by label time and without predictions.
    pub coverage: Option<f64>,
    /// Labels that replaced another.
    pub corrections: i64,
    /// Labels that could not be compared: a value where a class is expected, or the reverse.
    pub mismatched: i64,
    /// Positive class; `null` if none is known.
    pub positive: Option<String>,
    /// Defined measures by name.
    pub measures: BTreeMap<String, MeasureRecord>,
    /// Fields of the confusion table, shown or not.
    pub confusion_total: u64,
    /// Largest fields of the confusion table, by predicted class and label.
    pub confusion: Vec<ConfusionRecord>,
    /// Sums over pairs of a predicted and a true value; `null` without pairs.
    pub regression: Option<RegressionRecord>,
    /// Seconds from a prediction to its first label: `p50`, `p90`, `p99`; empty if none is known.
    pub delay_seconds: BTreeMap<String, f64>,
    /// Evaluation scores by name.
    pub evaluations: BTreeMap<String, EvaluationRecord>,
    /// Test of whether the labelled predictions are like the others; `null` by label time and if too few have a score.
    pub selection: Option<SelectionRecord>,
}

impl QualityReport<'_> {
    /// Published record.
    #[must_use]
    pub fn record(&self) -> QualityRecord {
        let quality = self.quality;
        let span = Span::ending_at(self.end, self.length);
        let (confusion, confusion_total) = confusion_records(&quality.table);
        let evaluation = |(name, scores): (&String, &EvaluationCells)| {
            (name.clone(), EvaluationRecord::of(scores))
        };
        QualityRecord {
            schema: QUALITY_SCHEMA.to_owned(),
            model: self.model.to_owned(),
            version: named(self.version),
            segment: self.segment.map(Segment::to_string),
            by: self.by,
            window: WindowRecord::of(self.length.name(), span),
            as_of: instant(self.as_of.time()),
            age: self.age,
            immature: self.immature,
            predicted: quality.predicted,
            labelled: quality.labelled,
            coverage: self.coverage(),
            corrections: quality.corrections,
            mismatched: quality.mismatched,
            positive: self.positive.map(str::to_owned),
            measures: self.measures(),
            confusion_total,
            confusion,
            regression: RegressionRecord::of(&quality.regression),
            delay_seconds: delays(&quality.delay),
            evaluations: quality.evaluations.iter().map(evaluation).collect(),
            selection: self.selection(),
        }
    }

    fn coverage(&self) -> Option<f64> {
        let (labelled, predicted) = (self.quality.labelled, self.quality.predicted);
        (self.by == WindowTime::Prediction && predicted > 0)
            .then(|| labelled as f64 / predicted as f64)
    }

    fn measures(&self) -> BTreeMap<String, MeasureRecord> {
        let measured = MEASURES.iter().filter_map(|measure| {
            let measured = measure.of(self.quality, self.positive)?;
            Some((
                measure.about().name.to_owned(),
                MeasureRecord::of(measured)?,
            ))
        });
        // Coverage has its own field, because it is not defined by label time.
        measured.filter(|(name, _)| name != "coverage").collect()
    }

    /// Selection test; `None` by label time, where labelled predictions are not a subset of the window's predictions.
    fn selection(&self) -> Option<SelectionRecord> {
        if self.by == WindowTime::Label {
            return None;
        }
        let (differs, test) = match selection(self.quality) {
            Selection::TooFew => return None,
            Selection::Alike(test) => (false, test),
            Selection::Differs(test) => (true, test),
        };
        Some(SelectionRecord {
            differs,
            psi: finite(test.psi)?,
            ln_p: finite(test.ln_p)?,
            labelled: test.labelled,
            unlabelled: test.unlabelled,
        })
    }
}

impl MeasureRecord {
    /// Record of a measure; `None` if its value is NaN, which is a bug of the measure.
    fn of(measured: Measured) -> Option<Self> {
        Some(Self {
            value: finite(measured.value)?,
            count: measured.count,
            low: measured.interval.and_then(|interval| finite(interval.low)),
            high: measured.interval.and_then(|interval| finite(interval.high)),
        })
    }
}

impl QualityRecord {
    /// Kafka key, with percent-encoded parts. It keeps all records of one scope and length in order on one partition. The
    /// segment's part is empty for the version as a whole.
    #[must_use]
    pub fn key(&self) -> String {
        let version = self.version.as_deref().unwrap_or_default();
        let segment = self.segment.as_deref().unwrap_or_default();
        let (by, window) = (self.by.name(), self.window.length.as_str());
        let parts = [&self.model, version, segment, "quality", by, window];
        parts.map(path_segment).join("/")
    }

    /// Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }
}

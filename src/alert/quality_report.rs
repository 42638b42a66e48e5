//! Quality against labels: what is known of one scope's predictions in one window, for a warehouse to load.
//!
//! Each window of prediction time is told of again as its labels come: at the ages 1, 3 and 7 days and at the horizon, after
//! which nothing changes. Early labels lie (wrong answers are often labelled sooner), so every record says how old it is,
//! how many have a label, and whether it is immature.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::path_segment;
use super::finite::finite;
use super::quality_shape::{
    ConfusionRecord, EvaluationRecord, RegressionRecord, confusion_records, delays,
};
use super::terms::By;
use super::wire::{WindowRecord, instant, json, named};
use crate::event::Segment;
use crate::sketch::{EvaluationCells, Quality};
use crate::stats::{MEASURES, Measured, Selection, selection};
use crate::window::{Boundary, Span, WindowLength};

/// Name and version of the record's schema.
pub const QUALITY_SCHEMA: &str = "tidegauge.quality/1";

/// How old a window of prediction time is when it is told of.
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
    /// The label horizon: nothing changes any more.
    #[serde(rename = "horizon")]
    Horizon,
}

/// What a quality report is made of.
#[derive(Debug, Clone, Copy)]
pub struct QualityReport<'a> {
    /// The model.
    pub model: &'a str,
    /// The version; empty where the producer names none.
    pub version: &'a str,
    /// The segment; `None` for the version as a whole.
    pub segment: Option<&'a Segment>,
    /// By which time the window gathers.
    pub by: By,
    /// The window's length.
    pub length: WindowLength,
    /// The window's end.
    pub end: Boundary,
    /// Up to which boundary labels were known.
    pub as_of: Boundary,
    /// The age at which it is told, of windows of prediction time.
    pub age: Option<Age>,
    /// Whether labels of the window may still be missing in number.
    pub immature: bool,
    /// The counts of the window.
    pub quality: &'a Quality,
    /// The class that is looked for.
    pub positive: Option<&'a str>,
}

/// A measure, what is behind it, and its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasureRecord {
    /// The value, in the measure's unit.
    pub value: f64,
    /// Predictions behind it.
    pub count: i64,
    /// Lower end; `null` where the measure has no interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// How the scores of labelled predictions compare with those of all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelectionRecord {
    /// Whether they differ: measures are then those of the labelled, not of all.
    pub differs: bool,
    /// PSI of labelled against all, less its bias, in nats.
    pub psi: f64,
    /// ln of the p-value of labelled against unlabelled.
    pub ln_p: f64,
    /// Labelled predictions with a score.
    pub labelled: u64,
    /// Unlabelled ones.
    pub unlabelled: u64,
}

/// What is known of the quality of one scope in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityRecord {
    /// [`QUALITY_SCHEMA`].
    pub schema: String,
    /// The model.
    pub model: String,
    /// The version; `null` where the producer names none.
    pub version: Option<String>,
    /// The segment; `null` for the version as a whole.
    pub segment: Option<String>,
    /// `prediction`: predictions of the window; `label`: labels that became known in it.
    pub by: By,
    /// The window.
    pub window: WindowRecord,
    /// Labels that became known before this instant are in, RFC 3339.
    pub as_of: String,
    /// `1d`, `3d`, `7d`, `horizon`; `null` by label time.
    pub age: Option<Age>,
    /// Whether labels may still be missing in number.
    pub immature: bool,
    /// Predictions that wait for a label or have one.
    pub predicted: i64,
    /// Those that have one.
    pub labelled: i64,
    /// Labelled ÷ predicted; `null` by label time and without predictions.
    pub coverage: Option<f64>,
    /// Labels that replaced another.
    pub corrections: i64,
    /// Labels that could not be compared: a value where a class is due or the reverse.
    pub mismatched: i64,
    /// The class that is looked for; `null` where none is known.
    pub positive: Option<String>,
    /// Measures by name; those that are defined.
    pub measures: BTreeMap<String, MeasureRecord>,
    /// Fields of the confusion table, shown or not.
    pub confusion_total: u64,
    /// The largest fields, by predicted class and label.
    pub confusion: Vec<ConfusionRecord>,
    /// Sums of values; `null` without pairs.
    pub regression: Option<RegressionRecord>,
    /// Seconds from a prediction to its first label: `p50`, `p90`, `p99`; empty where none is known.
    pub delay_seconds: BTreeMap<String, f64>,
    /// Judges' scores by name.
    pub evaluations: BTreeMap<String, EvaluationRecord>,
    /// Whether labels were given to predictions like all others; `null` by label time and where too few have a score.
    pub selection: Option<SelectionRecord>,
}

impl QualityReport<'_> {
    /// The record that is published.
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
        (self.by == By::Prediction && predicted > 0).then(|| labelled as f64 / predicted as f64)
    }

    fn measures(&self) -> BTreeMap<String, MeasureRecord> {
        let measured = MEASURES.iter().filter_map(|measure| {
            let measured = measure.of(self.quality, self.positive)?;
            Some((
                measure.about().name.to_owned(),
                MeasureRecord::of(measured)?,
            ))
        });
        // Coverage has a field of its own, for by label time it is not one.
        measured.filter(|(name, _)| name != "coverage").collect()
    }

    /// Only by prediction time are the labelled a part of the predicted.
    fn selection(&self) -> Option<SelectionRecord> {
        if self.by == By::Label {
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
    /// The record; `None` if the value is NaN, which is a measure's bug.
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
    /// The Kafka key: all records of one scope and length in order on one partition, its parts percent-encoded; the segment's
    /// part is empty for the version as a whole.
    #[must_use]
    pub fn key(&self) -> String {
        let version = self.version.as_deref().unwrap_or_default();
        let segment = self.segment.as_deref().unwrap_or_default();
        let (by, window) = (self.by.name(), self.window.length.as_str());
        let parts = [&self.model, version, segment, "quality", by, window];
        parts.map(path_segment).join("/")
    }

    /// The Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }
}

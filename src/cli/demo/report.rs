//! Quality reports as read back from the reports topic, with the few fields that the demo shows or checks.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::record::{PublishedWindow, rfc3339};
use crate::event::EventTime;

/// Schema of quality reports. Drift and objective reports are in the same topic.
const SCHEMA: &str = "tidegauge.quality/1";

/// Quality report.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PublishedQuality {
    schema: String,
    /// Segment; `None` for the whole version.
    pub segment: Option<String>,
    /// Time by which the window is filled: `prediction` or `label`.
    pub by: String,
    /// Window of the report.
    pub window: QualityWindow,
    /// Time before which labels are included.
    #[serde(deserialize_with = "rfc3339")]
    pub as_of: EventTime,
    /// Age of the day in a repeated report.
    pub age: Option<String>,
    /// Number of labels that replaced another label.
    pub corrections: i64,
    /// Coverage: labelled ÷ predicted.
    pub coverage: Option<f64>,
    /// Measures by name.
    pub measures: BTreeMap<String, PublishedMeasure>,
}

/// Window of a quality report.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct QualityWindow {
    /// Length: `1h`, `1d` or `7d`.
    pub length: String,
    /// Span of event time.
    #[serde(flatten)]
    pub span: PublishedWindow,
}

/// Value of a measure.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PublishedMeasure {
    /// Value, in the unit of the measure.
    pub value: f64,
    /// Number of labels behind the value.
    pub count: i64,
    /// Lower end of the 95 % interval, for proportions.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval, for proportions.
    pub high: Option<f64>,
}

/// Quality reports read so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reports {
    /// Last report on an hour of predictions, by segment; `None` for the whole version.
    pub hour: BTreeMap<Option<String>, PublishedQuality>,
    /// Reports on days of predictions, repeated reports included.
    pub days: Vec<PublishedQuality>,
}

impl Reports {
    /// Takes a record of the reports topic. Only what the demo shows is kept.
    pub fn take(&mut self, value: &[u8]) {
        let Ok(record) = serde_json::from_slice::<PublishedQuality>(value) else {
            return; // a report of another kind
        };
        match (record.by.as_str(), record.window.length.as_str()) {
            _ if record.schema != SCHEMA => {}
            // Reports by label time are dropped: a correction may take back counts of an earlier hour.
            ("prediction", "1h") => {
                self.hour.insert(record.segment.clone(), record);
            }
            ("prediction", "1d") if record.segment.is_none() => self.days.push(record),
            _ => {}
        }
    }

    /// Last report on an hour of predictions, for the whole version.
    #[must_use]
    pub fn last_hour(&self) -> Option<&PublishedQuality> {
        self.hour.get(&None)
    }

    /// All reports on the day that begins at `start`, in order.
    pub fn of_day(&self, start: EventTime) -> impl Iterator<Item = &PublishedQuality> {
        let is_of_day = move |day: &&PublishedQuality| day.window.span.start == start;
        self.days.iter().filter(is_of_day)
    }
}

impl PublishedQuality {
    /// Measure with this name.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<&PublishedMeasure> {
        self.measures.get(name)
    }
}

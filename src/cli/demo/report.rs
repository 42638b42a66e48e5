//! Quality reports as the demo reads them back from the reports topic: the few fields that are shown or held against what was sent.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::record::{PublishedWindow, rfc3339};
use crate::event::EventTime;

/// The schema of what is kept; drift and objective reports lie in the same topic.
const SCHEMA: &str = "tidegauge.quality/1";

/// One quality report.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PublishedQuality {
    schema: String,
    /// The segment; `None` for the version as a whole.
    pub segment: Option<String>,
    /// `prediction` or `label`: by which time the window gathers.
    pub by: String,
    /// The window.
    pub window: QualityWindow,
    /// Labels known before it are in.
    #[serde(deserialize_with = "rfc3339")]
    pub as_of: EventTime,
    /// How old the day is that is reported again.
    pub age: Option<String>,
    /// Labels that replaced another.
    pub corrections: i64,
    /// Labelled ÷ predicted.
    pub coverage: Option<f64>,
    /// Measures by name.
    pub measures: BTreeMap<String, PublishedMeasure>,
}

/// The window of a quality report.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct QualityWindow {
    /// `1h`, `1d`, `7d`.
    pub length: String,
    /// From when to when.
    #[serde(flatten)]
    pub span: PublishedWindow,
}

/// One measure.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PublishedMeasure {
    /// Its value.
    pub value: f64,
    /// Labels behind it.
    pub count: i64,
    /// Lower end of the 95 % interval, for proportions.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
}

/// What the reports have said so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reports {
    /// What is known of predictions of the last hour, by segment; `None` for the whole.
    pub hour: BTreeMap<Option<String>, PublishedQuality>,
    /// Each day of predictions, each time it was reported.
    pub days: Vec<PublishedQuality>,
}

impl Reports {
    /// Keeps what is shown of a record of the reports topic.
    pub fn take(&mut self, value: &[u8]) {
        let Ok(record) = serde_json::from_slice::<PublishedQuality>(value) else {
            return; // a report of another kind
        };
        match (record.by.as_str(), record.window.length.as_str()) {
            _ if record.schema != SCHEMA => {}
            // By label time a correction may take back what an earlier hour has counted, and measures are left out.
            ("prediction", "1h") => {
                self.hour.insert(record.segment.clone(), record);
            }
            ("prediction", "1d") if record.segment.is_none() => self.days.push(record),
            _ => {}
        }
    }

    /// What is known of predictions of the last hour.
    #[must_use]
    pub fn last_hour(&self) -> Option<&PublishedQuality> {
        self.hour.get(&None)
    }

    /// All reports of the day that begins at `start`, in order.
    pub fn of_day(&self, start: EventTime) -> impl Iterator<Item = &PublishedQuality> {
        let is_of_day = move |day: &&PublishedQuality| day.window.span.start == start;
        self.days.iter().filter(is_of_day)
    }
}

impl PublishedQuality {
    /// A measure by its name.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<&PublishedMeasure> {
        self.measures.get(name)
    }
}

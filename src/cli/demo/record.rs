//! Alert records as the demo reads them back from the alert topics: the few fields that the reckoning needs.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::event::EventTime;

/// What kind of trouble an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A distribution moved.
    Drift,
    /// The data is broken.
    DataQuality,
    /// Traffic fell away.
    Volume,
    /// The monitor's own input is broken.
    Integrity,
}

impl AlertKind {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::DataQuality => "data quality",
            Self::Volume => "volume",
            Self::Integrity => "integrity",
        }
    }
}

/// Where an alert stands after a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// Held back.
    Pending,
    /// It fires.
    Firing,
    /// It is over.
    Resolved,
}

/// One transition of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AlertRecord {
    /// What kind of trouble it is.
    pub kind: AlertKind,
    /// Where it stands.
    pub status: AlertStatus,
    /// Why it was published: opened, joined, escalated.
    #[serde(default)]
    pub change: Option<String>,
    /// The window of the first cause.
    #[serde(default)]
    pub window: Option<WindowRecord>,
    /// All causes, by rank.
    #[serde(default)]
    pub causes: Vec<CauseRecord>,
    /// Subjects that are new with this record.
    #[serde(default)]
    pub new_causes: Vec<NewCause>,
}

/// A cause of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CauseRecord {
    /// The subject; `None` for the model as a whole.
    pub subject: Option<String>,
    /// The detector.
    pub detector: String,
    /// The window that was judged; `None` for integrity.
    #[serde(default)]
    pub window: Option<WindowRecord>,
}

/// A subject that joined.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NewCause {
    /// The subject; `None` for the model as a whole.
    pub subject: Option<String>,
}

/// A window of event time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WindowRecord {
    /// First instant inside.
    #[serde(deserialize_with = "rfc3339")]
    pub start: EventTime,
    /// First instant after.
    #[serde(deserialize_with = "rfc3339")]
    pub end: EventTime,
}

impl AlertRecord {
    /// The record in the bytes of an alert topic.
    ///
    /// # Errors
    /// When it is no alert record.
    pub fn read(value: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(value)
    }

    /// When it was said, in event time: the end of the last window it speaks of.
    #[must_use]
    pub fn moment(&self) -> Option<EventTime> {
        let causes = self.causes.iter().filter_map(|cause| cause.window.as_ref());
        causes.chain(&self.window).map(|window| window.end).max()
    }

    /// The causes that are new with this record; all of them where it does not say.
    pub fn news(&self) -> impl Iterator<Item = &CauseRecord> {
        let is_new = |cause: &&CauseRecord| {
            self.new_causes.is_empty()
                || self
                    .new_causes
                    .iter()
                    .any(|new| new.subject == cause.subject)
        };
        self.causes.iter().filter(is_new)
    }
}

fn rfc3339<'de, D: Deserializer<'de>>(input: D) -> Result<EventTime, D::Error> {
    let text = String::deserialize(input)?;
    let instant: Timestamp = text.parse().map_err(serde::de::Error::custom)?;
    Ok(EventTime(instant.as_millisecond()))
}

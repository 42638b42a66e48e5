//! Alert records as the demo reads them back from the alert topics: the few fields that the reckoning needs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::event::EventTime;

/// What kind of trouble an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishedKind {
    /// A distribution moved.
    Drift,
    /// The data is broken.
    DataQuality,
    /// Traffic fell away.
    Volume,
    /// The monitor's own input is broken.
    Integrity,
    /// An objective is not met.
    Slo,
}

impl PublishedKind {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::DataQuality => "data quality",
            Self::Volume => "volume",
            Self::Integrity => "integrity",
            Self::Slo => "objective",
        }
    }
}

/// Where an alert stands after a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishedStatus {
    /// Held back.
    Pending,
    /// It fires.
    Firing,
    /// It is over.
    Resolved,
}

/// One transition of an alert.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PublishedAlert {
    /// What kind of trouble it is.
    pub kind: PublishedKind,
    /// Where it stands.
    pub status: PublishedStatus,
    /// Why it was published: opened, joined, escalated.
    #[serde(default)]
    pub change: Option<String>,
    /// The segment that all causes share, or that bears most of the harm.
    #[serde(default)]
    pub segment: Option<String>,
    /// When it was said.
    #[serde(default, deserialize_with = "rfc3339_or_none")]
    pub at: Option<EventTime>,
    /// The objective that is not met.
    #[serde(default)]
    pub objective: Option<ObjectiveName>,
    /// What a drift did to quality, in a follow-up record.
    #[serde(default)]
    pub impact: Option<ImpactRecord>,
    /// Sentences for people, by name.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// The window of the first cause.
    #[serde(default)]
    pub window: Option<PublishedWindow>,
    /// All causes, by rank.
    #[serde(default)]
    pub causes: Vec<PublishedCause>,
    /// Subjects that are new with this record.
    #[serde(default)]
    pub new_causes: Vec<NewCause>,
}

/// Which objective an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ObjectiveName {
    /// Its name.
    pub name: String,
}

/// What a drift did to quality.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ImpactRecord {
    /// `unmoved`, `worse`, `better` or `unknown`.
    pub verdict: String,
    /// Share of right answers while it drifted.
    pub value: Option<f64>,
    /// Share of right answers before.
    pub before_value: Option<f64>,
}

/// A cause of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PublishedCause {
    /// The subject; `None` for the model as a whole.
    pub subject: Option<String>,
    /// The detector.
    pub detector: String,
    /// The window that was judged; `None` for integrity.
    #[serde(default)]
    pub window: Option<PublishedWindow>,
}

/// A subject that joined.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NewCause {
    /// The subject; `None` for the model as a whole.
    pub subject: Option<String>,
}

/// A window of event time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PublishedWindow {
    /// First instant inside.
    #[serde(deserialize_with = "rfc3339")]
    pub start: EventTime,
    /// First instant after.
    #[serde(deserialize_with = "rfc3339")]
    pub end: EventTime,
}

impl PublishedAlert {
    /// The record in the bytes of an alert topic.
    ///
    /// # Errors
    /// When it is no alert record.
    pub fn read(value: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(value)
    }

    /// Whether it only says what became of an alert: no transition.
    #[must_use]
    pub fn is_follow_up(&self) -> bool {
        self.change.as_deref() == Some("assessed")
    }

    /// What a drift did to quality, as a sentence.
    #[must_use]
    pub fn impact_sentence(&self) -> Option<&str> {
        self.annotations.get("impact").map(String::as_str)
    }

    /// When it was said, in event time: the end of the last window it speaks of; a follow-up comes later.
    #[must_use]
    pub fn moment(&self) -> Option<EventTime> {
        if self.is_follow_up() {
            return self.at;
        }
        let causes = self.causes.iter().filter_map(|cause| cause.window.as_ref());
        causes.chain(&self.window).map(|window| window.end).max()
    }

    /// The causes that are new with this record; all of them where it does not say.
    pub fn news(&self) -> impl Iterator<Item = &PublishedCause> {
        let is_new = |cause: &&PublishedCause| {
            self.new_causes.is_empty()
                || self
                    .new_causes
                    .iter()
                    .any(|new| new.subject == cause.subject)
        };
        self.causes.iter().filter(is_new)
    }
}

fn rfc3339_or_none<'de, D: Deserializer<'de>>(input: D) -> Result<Option<EventTime>, D::Error> {
    rfc3339(input).map(Some)
}

pub(super) fn rfc3339<'de, D: Deserializer<'de>>(input: D) -> Result<EventTime, D::Error> {
    let text = String::deserialize(input)?;
    let instant: Timestamp = text.parse().map_err(serde::de::Error::custom)?;
    Ok(EventTime(instant.as_millisecond()))
}

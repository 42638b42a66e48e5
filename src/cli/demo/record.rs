//! Alert records as read back from the alert topics, with the few fields that the demo needs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::event::EventTime;
use crate::window::WindowLength;

/// Kind of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishedKind {
    /// Change of a distribution.
    Drift,
    /// Broken data.
    DataQuality,
    /// Lost traffic.
    Volume,
    /// Broken input of the monitor itself.
    Integrity,
    /// Missed objective.
    Slo,
}

impl PublishedKind {
    /// Name for people.
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

/// Status of an alert after a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishedStatus {
    /// Not yet lasting long enough to fire.
    Pending,
    /// Firing.
    Firing,
    /// Over.
    Resolved,
}

/// Record of one transition of an alert.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PublishedAlert {
    /// Kind of the alert.
    pub kind: PublishedKind,
    /// Status after the record.
    pub status: PublishedStatus,
    /// Reason for the record: opened, joined, escalated, assessed.
    #[serde(default)]
    pub change: Option<String>,
    /// Segment that all causes share, or that has most of the harm.
    #[serde(default)]
    pub segment: Option<String>,
    /// Event time of the record.
    #[serde(default, deserialize_with = "rfc3339_or_none")]
    pub at: Option<EventTime>,
    /// Missed objective.
    #[serde(default)]
    pub objective: Option<ObjectiveName>,
    /// Effect of a drift on quality, in a follow-up record.
    #[serde(default)]
    pub impact: Option<ImpactRecord>,
    /// Sentences for people, by name.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Window of the first cause.
    #[serde(default)]
    pub window: Option<PublishedWindow>,
    /// All causes, most important first.
    #[serde(default)]
    pub causes: Vec<PublishedCause>,
    /// Subjects that this record adds.
    #[serde(default)]
    pub new_causes: Vec<NewCause>,
}

/// Objective of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ObjectiveName {
    /// Name of the objective.
    pub name: String,
}

/// Effect of a drift on quality.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ImpactRecord {
    /// `unmoved`, `worse`, `better` or `unknown`.
    pub verdict: String,
    /// Share of right answers during the drift.
    pub value: Option<f64>,
    /// Share of right answers before the drift.
    pub before_value: Option<f64>,
}

/// Cause of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PublishedCause {
    /// Subject; `None` for the whole model.
    pub subject: Option<String>,
    /// Detector or rule.
    pub detector: String,
    /// Judged window; `None` for integrity alerts.
    #[serde(default)]
    pub window: Option<PublishedWindow>,
}

/// Subject that a record adds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NewCause {
    /// Subject; `None` for the whole model.
    pub subject: Option<String>,
}

impl PublishedCause {
    /// Length of the window, such as `1d`, if it is longer than an hour: such a window still holds what happened long ago.
    #[must_use]
    pub fn long_window(&self) -> Option<String> {
        let window = self.window.as_ref()?;
        let minutes = (window.end.0 - window.start.0) / 60_000;
        let minutes = u32::try_from(minutes).ok().filter(|m| *m > 60)?;
        WindowLength::from_minutes(minutes).map(WindowLength::name)
    }
}

/// Span of event time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PublishedWindow {
    /// First time inside.
    #[serde(deserialize_with = "rfc3339")]
    pub start: EventTime,
    /// First time after.
    #[serde(deserialize_with = "rfc3339")]
    pub end: EventTime,
}

impl PublishedAlert {
    /// Parses the value of a record from an alert topic.
    ///
    /// # Errors
    /// When the value is no alert record.
    pub fn read(value: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(value)
    }

    /// True for an assessment, which is no transition.
    #[must_use]
    pub fn is_follow_up(&self) -> bool {
        self.change.as_deref() == Some("assessed")
    }

    /// Effect of a drift on quality, as a sentence.
    #[must_use]
    pub fn impact_sentence(&self) -> Option<&str> {
        self.annotations.get("impact").map(String::as_str)
    }

    /// Event time at which the record was decided; where it does not say so, the end of its last window.
    #[must_use]
    pub fn moment(&self) -> Option<EventTime> {
        if self.is_follow_up() || self.at.is_some() {
            return self.at;
        }
        let causes = self.causes.iter().filter_map(|cause| cause.window.as_ref());
        causes.chain(&self.window).map(|window| window.end).max()
    }

    /// Causes that this record adds. If it names none, all causes.
    pub fn added_causes(&self) -> impl Iterator<Item = &PublishedCause> {
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

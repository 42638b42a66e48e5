//! Terms of an alert: kind, status, change, severity, and the time that windows are built by.

use serde::{Deserialize, Serialize};

use crate::detect::Family;

/// Kind of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A distribution moved away from the reference.
    Drift,
    /// The data is broken.
    DataQuality,
    /// Traffic fell or rose beyond what is ordinary.
    Volume,
    /// An objective is not met.
    Slo,
    /// Tidegauge's own input is broken: losses, duplicates, floods of rejects.
    Integrity,
}

impl AlertKind {
    /// Name as published.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::DataQuality => "data_quality",
            Self::Volume => "volume",
            Self::Slo => "slo",
            Self::Integrity => "integrity",
        }
    }
}

impl From<Family> for AlertKind {
    fn from(family: Family) -> Self {
        match family {
            Family::Drift => Self::Drift,
            Family::DataQuality => Self::DataQuality,
            Family::Volume => Self::Volume,
            Family::Objective => Self::Slo,
        }
    }
}

/// Status of an alert after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// In breach, but not yet for the hold time.
    Pending,
    /// At least one cause fires.
    Firing,
    /// No cause is pending or firing.
    Resolved,
}

impl AlertStatus {
    /// Name as published.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// Reason for which a record is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A first breach waits for the hold time (pending).
    Held,
    /// The first cause fires (firing).
    Opened,
    /// Another subject, segment or version joined (firing).
    Joined,
    /// A cause raised the severity, or became critical long after the alert did (firing).
    Escalated,
    /// For a week nothing new was found, and the alert still fires: it may be how the model is now (firing).
    Permanent,
    /// The last cause resolved (resolved).
    Resolved,
    /// A held breach ended before it fired (resolved).
    Withdrawn,
    /// The labels of a drifted window are mature, so the effect of the drift on quality is known. The status of the alert
    /// does not change.
    Assessed,
}

impl Change {
    /// Name as published.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Opened => "opened",
            Self::Joined => "joined",
            Self::Escalated => "escalated",
            Self::Permanent => "permanent",
            Self::Resolved => "resolved",
            Self::Withdrawn => "withdrawn",
            Self::Assessed => "assessed",
        }
    }
}

/// Time by which outcomes are assigned to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowTime {
    /// Time of the prediction: shows how well the model did in that window.
    Prediction,
    /// Time at which the label became known: shows what was learned in that window.
    Label,
}

impl WindowTime {
    /// Name as published.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prediction => "prediction",
            Self::Label => "label",
        }
    }
}

/// Severity of an alert: the highest of the episode so far, so that a resolution takes the same route as the alarm.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Dry run: needs no action.
    #[default]
    None,
    /// May be ordinary: the reference is provisional. Pages nobody.
    Info,
    /// Needs action today.
    Warning,
    /// Needs action now.
    Critical,
}

impl Severity {
    /// Name as published.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

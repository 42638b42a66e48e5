//! The words of an alert: its kind, where it stands, why it was published, how urgent it is.

use serde::{Deserialize, Serialize};

use crate::detect::Family;

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A distribution moved away from the reference.
    Drift,
    /// The data is broken.
    DataQuality,
    /// Traffic fell away.
    Volume,
    /// An objective is not met.
    Slo,
    /// Tidegauge's own input is broken: losses, duplicates, floods of rejects.
    Integrity,
}

impl AlertKind {
    /// Its name as published.
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

/// Where the alert stands after this record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// In breach, held back for `hold`.
    Pending,
    /// It fires.
    Firing,
    /// It is over.
    Resolved,
}

impl AlertStatus {
    /// Its name as published.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// Why a record was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A first breach is being held back (pending).
    Held,
    /// The first cause fires (firing).
    Opened,
    /// Another subject or version joined (firing).
    Joined,
    /// A cause became critical (firing).
    Escalated,
    /// The last cause resolved (resolved).
    Resolved,
    /// A held breach ended before it fired (resolved).
    Withdrawn,
    /// The labels of a drifted window have come: what the drift did to quality is known. No transition; the alert stands
    /// where it stood.
    Assessed,
}

impl Change {
    /// Its name as published.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Opened => "opened",
            Self::Joined => "joined",
            Self::Escalated => "escalated",
            Self::Resolved => "resolved",
            Self::Withdrawn => "withdrawn",
            Self::Assessed => "assessed",
        }
    }
}

/// By which time outcomes are gathered into a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// By the prediction's time: did the model of that hour do well.
    Prediction,
    /// By the time at which the label became known: what was learned this hour.
    Label,
}

impl By {
    /// Its name as published.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prediction => "prediction",
            Self::Label => "label",
        }
    }
}

/// How urgent it is: the gravest of the episode so far, so that a resolution takes the road the alarm took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A dry run: for nobody.
    None,
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

impl Severity {
    /// Its name as published.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

//! What is known of a model's quality besides its panes: one entry of the state.

use serde::{Deserialize, Serialize};

use crate::alert::{AlertKey, Severity};
use crate::event::Segment;
use crate::window::{Boundary, Span};

/// The positive class, and drifts whose labels have not come yet.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct QualityKnowledge {
    /// The positive class, once a usual name of one has occurred.
    pub positive: Option<String>,
    /// Drifts that wait for labels.
    pub drifts: Vec<DriftToAssess>,
}

/// A drift that was alerted and waits for the labels of its window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftToAssess {
    /// Key of the alert.
    pub key: AlertKey,
    /// The version of the first cause.
    pub version: String,
    /// The segment of the first cause.
    pub segment: Option<Segment>,
    /// Start of the episode.
    pub start: Boundary,
    /// End of the episode's alert.
    pub ended: Option<Boundary>,
    /// Severity of the alert.
    pub severity: Severity,
    /// The window that drifted.
    pub window: Span,
}

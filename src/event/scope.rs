//! Scope of a count: all predictions of a model's version, or one segment of them.

use serde::{Deserialize, Serialize};

/// One value of one segment key, such as `country=DE`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Segment {
    /// Segment key from the configuration.
    pub key: String,
    /// Value of the key in the predictions of this segment.
    pub value: String,
}

/// Formats the segment as it is published: `country=DE`.
impl std::fmt::Display for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// The predictions that a count covers. Segments are counted in addition to the whole version, never instead of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// Name of the model.
    pub model: String,
    /// Version of the model; empty if the producer sends none.
    pub version: String,
    /// Segment; `None` for the version as a whole.
    pub segment: Option<Segment>,
}

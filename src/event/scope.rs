//! Whose predictions a number is about: a model's version as a whole, or one segment of it.

use serde::{Deserialize, Serialize};

/// One value of one segment key: `country=DE`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Segment {
    /// The configured key.
    pub key: String,
    /// The value it has in the predictions that are meant.
    pub value: String,
}

/// `country=DE`, as it is published.
impl std::fmt::Display for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// Whose predictions were counted. A segment is counted beside the whole, never instead of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// Model.
    pub model: String,
    /// Version; empty where the producer names none.
    pub version: String,
    /// The segment; `None` for the version as a whole.
    pub segment: Option<Segment>,
}

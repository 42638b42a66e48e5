//! The three times that must never be confused, each with its own type; all in milliseconds since the Unix epoch.

use serde::{Deserialize, Serialize};

/// When it happened at the model: the producer's word, milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventTime(pub i64);

/// When the record was stored: Kafka's record timestamp, milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArrivalTime(pub i64);

/// A reading of the wall clock, handed in by the runtime; milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tick(pub i64);

impl EventTime {
    /// The instant `millis` later (earlier when negative), held at the ends of the range.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

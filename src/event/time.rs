//! Event time, arrival time and wall-clock time. Each has its own type, so that they cannot be confused. All are in
//! milliseconds since the Unix epoch.

use serde::{Deserialize, Serialize};

/// Time at which an event happened at the model, as the producer states it; milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventTime(pub i64);

/// Time at which the record was stored: Kafka's record timestamp, milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArrivalTime(pub i64);

/// Reading of the wall clock, passed in by the runtime; milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tick(pub i64);

impl EventTime {
    /// Returns the time `millis` later, or earlier if negative. The result saturates at the ends of the range.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

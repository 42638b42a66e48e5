//! `limits`: what one event may at most be.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use crate::event;

/// What one event may at most be. Beyond it the record is refused whole, before anything is counted, and goes to the dead-letter
/// topic byte for byte with a reason that names the limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Bytes of one record's value, 1024 to 67108864. The default is about what a default broker accepts.
    pub payload_bytes: usize,
    /// Levels of objects and arrays inside each other, the event itself being the first; 2 to 128. Bounds the stack of decoding.
    pub nesting: usize,
    /// Features of one event, 1 to 20000.
    pub features: usize,
    /// Bytes of an id, a model, a version or a feature's name, 16 to 4096. Names are kept in memory and in alerts.
    pub name_bytes: usize,
    /// Bytes of any other text, such as a category, 16 to 1048576.
    pub text_bytes: usize,
    /// How far an event may be ahead of its record's Kafka timestamp. One bad clock must not close every window; 0s to 24h,
    /// more than the default only if producers really stamp the future.
    pub future: Period,
    /// How far an event may lie before its record's Kafka timestamp. An event from 1970 is a fault, not a replay; 1m to 3660d.
    pub age: Period,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            payload_bytes: 1 << 20,
            nesting: 16,
            features: 2_000,
            name_bytes: 256,
            text_bytes: 4_096,
            future: Period::minutes(5),
            age: Period::days(366),
        }
    }
}

impl LimitsConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> event::Limits {
        faults.require_within(
            "limits.payload_bytes",
            &self.payload_bytes,
            1_024..=(64 << 20),
        );
        faults.require_within("limits.nesting", &self.nesting, 2..=128);
        faults.require_within("limits.features", &self.features, 1..=20_000);
        faults.require_within("limits.name_bytes", &self.name_bytes, 16..=4_096);
        faults.require_within("limits.text_bytes", &self.text_bytes, 16..=(1 << 20));
        faults.require_within(
            "limits.future",
            &self.future,
            Period::seconds(0)..=Period::days(1),
        );
        faults.require_within(
            "limits.age",
            &self.age,
            Period::minutes(1)..=Period::days(3_660),
        );
        event::Limits {
            payload_bytes_max: self.payload_bytes,
            nesting_max: self.nesting,
            features_max: self.features,
            name_bytes_max: self.name_bytes,
            text_bytes_max: self.text_bytes,
            future_millis_max: self.future.as_millis(),
            age_millis_max: self.age.as_millis(),
        }
    }
}

//! `limits`: size limits of one event.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use crate::event::{self, NESTING_MAX};

/// Size limits of one event. A record beyond a limit is rejected as a whole, before anything is counted. It goes to the
/// dead-letter topic byte for byte, with a reason that names the limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Maximum size of a record's value in bytes, 1024 to 67108864. The default is about what a broker accepts by
    /// default.
    pub payload_bytes: usize,
    /// Maximum nesting of objects and arrays, 2 to 126. The event itself is level 1. It bounds the stack of the
    /// decoder, which supports no more than 126 levels.
    pub nesting: usize,
    /// Maximum number of features in one event, 1 to 20000.
    pub features: usize,
    /// Maximum length in bytes of an id, a model, a version or the name of a feature, 16 to 4096. Names are kept in
    /// memory and appear in alerts.
    pub name_bytes: usize,
    /// Maximum length in bytes of any other text, such as a category, 16 to 1048576.
    pub text_bytes: usize,
    /// How far an event may be ahead of the Kafka timestamp of its record, 0s to 24h. Raise it only if producers write
    /// future timestamps on purpose. Where producers stamp both (`CreateTime`), an event may be 2 hours ahead of our own
    /// clock, or this much if it is more.
    pub future: Period,
    /// How far an event may be older than the Kafka timestamp of its record, 1m to 3660d. A timestamp in 1970 is an
    /// error, not a replay.
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
        faults.require_within("limits.nesting", &self.nesting, 2..=NESTING_MAX);
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

//! `time`: how disorder and silence are met. Everything is event time.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;

/// How disorder and silence are met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeConfig {
    /// By how much events of one input partition may be out of order, 0s to 24h. An event older than the newest one of its
    /// partition by more than this is late: dropped and counted. Every alert waits this long, so keep it near what producers
    /// really do.
    pub disorder: Period,
    /// How long a partition must be read to its end and quiet before it follows the wall clock, 1s to 24h. Shorter, windows close sooner
    /// when a partition falls silent; longer, a producer's pause makes fewer events late.
    pub idle_timeout: Period,
    /// Whether silent partitions follow the wall clock at all. Off for replays of old data, where the end of the topic is the end of
    /// time.
    pub ticks: bool,
}

impl Default for TimeConfig {
    fn default() -> Self {
        Self {
            disorder: Period::minutes(2),
            idle_timeout: Period::minutes(5),
            ticks: true,
        }
    }
}

impl TimeConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) {
        faults.require_within(
            "time.disorder",
            &self.disorder,
            Period::seconds(0)..=Period::hours(24),
        );
        faults.require_within(
            "time.idle_timeout",
            &self.idle_timeout,
            Period::seconds(1)..=Period::hours(24),
        );
    }
}

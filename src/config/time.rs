//! `time`: how events out of order and silent partitions are handled.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;

/// How events out of order and silent partitions are handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeConfig {
    /// How far events of one input partition may be out of order, 0s to 24h. An event that is older than the newest
    /// event of its partition by more than this is late: it is dropped and counted. Every alert waits this long, so
    /// keep it close to what your producers need.
    pub disorder: Period,
    /// How long a partition must be silent before its watermark follows the wall clock, once it is read to its end, 1s
    /// to 24h. With a shorter time windows close sooner after a partition falls silent. With a longer time a pause of a
    /// producer makes fewer events late. A partition without a record of the last hour need not wait: it follows 10
    /// seconds after the start if nobody writes to it.
    pub idle_timeout: Period,
    /// If true, silent partitions follow the wall clock. Set it to false for replays of old data, where time ends at
    /// the end of the topic.
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

//! `runtime`: workers, flushes, where a new group begins, how it stops.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;

/// Workers, flushes, where a new group begins, how it stops. Nothing here changes a result, except where a group begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeConfig {
    /// Threads that each own a consumer and a transactional producer, 1 to 64. One reads about what one core decodes; more than there are
    /// input partitions stay idle. More processes scale the same way.
    pub workers: usize,
    /// How often results and offsets are committed in one transaction, 50ms to 1m. Shorter, alerts leave sooner; longer, brokers have less to do.
    /// An abandoned transaction blocks readers for max(10s, 5 × this).
    pub flush_interval: Period,
    /// A stable prefix of the producers' `transactional.id`; unset, a random one per start, which is safe because the group fences
    /// its former members. Stable (a StatefulSet's pod name), a crash blocks readers for a shorter time, but it must differ between
    /// processes that run at the same time. For example `tidegauge-0`.
    pub transactional_id: Option<String>,
    /// Where a group without committed offsets begins: `latest`, `earliest`, or a length of time such as `7d` to go back in a
    /// retained topic, so that references and alerts of the past are there within minutes. Later starts continue where the group stood.
    pub from: Start,
    /// How often open panes are saved to the state topic, 10s to 1h of wall time. Shorter, a restart reads less back; longer, less is written.
    pub checkpoint_interval: Period,
    /// How long a stop may take to flush and commit before the process ends anyway, 1s to 5m. What is not committed then is read again by
    /// the next owner; nothing is lost. Keep it below the orchestrator's grace period.
    pub shutdown_timeout: Period,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            workers: 1,
            flush_interval: Period::seconds(1),
            transactional_id: None,
            from: Start::Latest,
            checkpoint_interval: Period::minutes(5),
            shutdown_timeout: Period::seconds(4),
        }
    }
}

/// Where a group without committed offsets begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Start {
    /// At the end: what comes from now on.
    Latest,
    /// At the beginning of what is retained.
    Earliest,
    /// At the first record that arrived within this length of time before now.
    Back(Period),
}

impl std::str::FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "latest" => Ok(Self::Latest),
            "earliest" => Ok(Self::Earliest),
            _ => text.parse().map(Self::Back).map_err(|_| {
                format!(
                    "`{text}` is no start; write latest, earliest or a length of time such as 7d"
                )
            }),
        }
    }
}

impl TryFrom<String> for Start {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Start> for String {
    fn from(start: Start) -> Self {
        match start {
            Start::Latest => "latest".to_owned(),
            Start::Earliest => "earliest".to_owned(),
            Start::Back(period) => period.to_string(),
        }
    }
}

impl RuntimeConfig {
    /// How long the brokers keep a transaction that its producer abandoned: max(10 s, 5 × flush interval).
    #[must_use]
    pub fn transaction_timeout(&self) -> Duration {
        Duration::from_secs(10).max(self.flush_interval.as_duration() * 5)
    }

    pub(super) fn check(&self, faults: &mut ConfigFaults) {
        faults.require_within("runtime.workers", &self.workers, 1..=64);
        faults.require_within(
            "runtime.flush_interval",
            &self.flush_interval,
            Period::millis(50)..=Period::minutes(1),
        );
        let checkpoints = Period::seconds(10)..=Period::hours(1);
        faults.require_within(
            "runtime.checkpoint_interval",
            &self.checkpoint_interval,
            checkpoints,
        );
        faults.require_within(
            "runtime.shutdown_timeout",
            &self.shutdown_timeout,
            Period::seconds(1)..=Period::minutes(5),
        );
        let empty = self
            .transactional_id
            .as_deref()
            .is_some_and(|id| id.trim().is_empty());
        faults.require(
            !empty,
            "runtime.transactional_id",
            "it is empty",
            "name a prefix, or leave it out",
        );
    }
}

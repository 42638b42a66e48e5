//! `runtime`: workers, flushes, the start of a new group, and shutdown.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;

/// Workers, flushes, the start of a new group, and shutdown. Apart from the start position, nothing here changes a
/// result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeConfig {
    /// Number of threads that each own a consumer and a transactional producer, 1 to 64. One worker reads about as much
    /// as one core decodes. Workers beyond the number of partitions are idle. More processes scale in the same way.
    pub workers: usize,
    /// Time between two commits of results and offsets in one transaction, 50ms to 1m. With a shorter interval alerts
    /// are published sooner; with a longer one the brokers have less work. An abandoned transaction blocks readers for
    /// max(10s, 5 × this interval).
    pub flush_interval: Period,
    /// Stable prefix of the producers' `transactional.id`. If unset, each start uses a random one; this is safe,
    /// because the group fences its former members. With a stable prefix (the name of a StatefulSet's pod) a crash
    /// blocks readers for a shorter time, but processes that run at the same time must use different ones. For example
    /// `tidegauge-0`.
    pub transactional_id: Option<String>,
    /// Where a group without committed offsets starts: `latest`, `earliest`, or a length of time to go back, such as
    /// `7d`. Going back in a retained topic gives references and past alerts within minutes. Later starts continue from
    /// the committed offsets.
    pub from: Start,
    /// Wall time between two checkpoints of the open panes in the state topic, 10s to 1h. With a shorter interval a
    /// restart reads less; with a longer one less is written.
    pub checkpoint_interval: Period,
    /// How long a start waits for brokers before the process ends with exit code 1, 0s to 1d. Meanwhile `/livez` answers
    /// 200, `/readyz` says what is waited for, and the log names it every 10 seconds. Five minutes outlast a restart of
    /// the brokers, and a wrong address still ends the process. A refused login or a missing right ends it at once.
    pub broker_wait: Period,
    /// How long a shutdown may take to flush and commit before the process ends anyway, 1s to 5m. The next owner reads
    /// again what was not committed then; nothing is lost. Keep it below the grace period of the orchestrator.
    pub shutdown_timeout: Period,
    /// How long a worker may stand still before the process ends with exit code 70, 15s to 1h. A call of the Kafka client
    /// has a timeout of 10 s at most, but some calls can hang for ever. A supervisor then starts the process anew, and what
    /// was not committed is read again. An outage of the brokers does not make a worker stand still. The default is six
    /// times the longest call.
    pub watchdog: Period,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            workers: 1,
            flush_interval: Period::seconds(1),
            transactional_id: None,
            from: Start::Latest,
            checkpoint_interval: Period::minutes(5),
            broker_wait: Period::minutes(5),
            shutdown_timeout: Period::seconds(4),
            watchdog: Period::minutes(1),
        }
    }
}

/// Where a group without committed offsets starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Start {
    /// At the end of the topic.
    Latest,
    /// At the oldest record that is retained.
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
                    "`{text}` is not a start position; write latest, earliest or a length of time such as 7d"
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
    /// Time after which the brokers abort a transaction that its producer abandoned: max(10 s, 5 × flush interval).
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
            "runtime.broker_wait",
            &self.broker_wait,
            Period::seconds(0)..=Period::days(1),
        );
        faults.require_within(
            "runtime.shutdown_timeout",
            &self.shutdown_timeout,
            Period::seconds(1)..=Period::minutes(5),
        );
        let watchdog = Period::seconds(15)..=Period::hours(1);
        faults.require_within("runtime.watchdog", &self.watchdog, watchdog);
        let empty = self
            .transactional_id
            .as_deref()
            .is_some_and(|id| id.trim().is_empty());
        faults.require(
            !empty,
            "runtime.transactional_id",
            "it is empty",
            "set a prefix, or remove the key",
        );
    }
}

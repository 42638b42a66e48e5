//! Settings of clients and workers, from a checked configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::CheckedConfig;
use crate::event::Tick;
use crate::kafka::{ClientSettings, Offsets};
use crate::runtime::{Clock, FirstStart, Options, SystemClock};

use super::Error;

/// Time without progress after which a restore makes its clients anew, and once more after which the process ends. A new
/// leader is elected within seconds and an abandoned transaction ends within 20 s, so a minute is no ordinary wait.
const RESTORE_STALL_MIN: Duration = Duration::from_secs(60);
/// Time after its timeout within which the brokers end an abandoned transaction: they look every 10 s, and one of them may
/// have to be elected first.
const TRANSACTION_END_DELAY: Duration = Duration::from_secs(30);
/// Replication factor if the user gives none: the default of the cluster.
const REPLICATION_DEFAULT: i32 = -1;
/// The client's default of `max.poll.interval.ms`.
const POLL_INTERVAL_MAX: Duration = Duration::from_secs(300);
/// Time of a rebalance beyond the wait for a member that does not poll.
const REBALANCE_DELAY_MAX: Duration = Duration::from_secs(60);
/// Maximum time of the last transaction before a rebalance, whatever the group allows.
const REVOKE_TIME_MAX: Duration = Duration::from_secs(20);

/// Client settings of worker number `worker`.
///
/// # Errors
/// When the configuration names no broker.
pub fn kafka(checked: &CheckedConfig, worker: usize) -> Result<ClientSettings, Error> {
    let brokers = checked.settings.kafka.bootstrap()?;
    Ok(clients(checked, worker, brokers))
}

/// Client settings for a check without a broker.
#[must_use]
pub fn offline(checked: &CheckedConfig) -> ClientSettings {
    clients(checked, 0, String::new())
}

fn clients(checked: &CheckedConfig, worker: usize, brokers: String) -> ClientSettings {
    let settings = &checked.settings;
    let prefix = settings
        .runtime
        .transactional_id
        .clone()
        .unwrap_or_else(|| {
            // A random id per start is safe, because the generation of the group fences former members.
            format!("{}-{:016x}", settings.kafka.group, fastrand::u64(..))
        });
    ClientSettings {
        brokers,
        group: settings.kafka.group.clone(),
        transactional_id: format!("{prefix}-{worker}"),
        transaction_timeout: settings.runtime.transaction_timeout(),
        properties: settings.kafka.properties.0.clone(),
        offsets: Offsets::InTransaction,
    }
}

/// Options of a worker beside the plan.
#[must_use]
pub fn options(checked: &CheckedConfig) -> Options {
    let runtime = &checked.settings.runtime;
    Options {
        flush_interval: runtime.flush_interval.as_duration(),
        checkpoint_interval: runtime.checkpoint_interval.as_duration(),
        first: first(&runtime.from),
        incarnation: fastrand::u64(..),
        restore_stall_max: RESTORE_STALL_MIN
            .max(runtime.transaction_timeout() + TRANSACTION_END_DELAY),
        join_stall_max: poll_interval_max(&checked.settings.kafka.properties.0)
            + REBALANCE_DELAY_MAX,
        revoke_time_max: revoke_time_max(&checked.settings.kafka.properties.0),
    }
}

/// Time of the last transaction before a rebalance: a fifth of what the group waits for a member that does not poll, because
/// all members wait meanwhile.
fn revoke_time_max(properties: &BTreeMap<String, String>) -> Duration {
    (poll_interval_max(properties) / 5).min(REVOKE_TIME_MAX)
}

/// Time that the group waits for a member that does not poll.
fn poll_interval_max(properties: &BTreeMap<String, String>) -> Duration {
    let set = properties.get("max.poll.interval.ms");
    let millis = set.and_then(|text| text.parse().ok());
    millis.map_or(POLL_INTERVAL_MAX, Duration::from_millis)
}

fn first(from: &crate::config::Start) -> FirstStart {
    match from {
        crate::config::Start::Latest => FirstStart::Latest,
        crate::config::Start::Earliest => FirstStart::Earliest,
        crate::config::Start::Back(period) => {
            FirstStart::Since(Tick(SystemClock::default().now().0 - period.as_millis()))
        }
    }
}

/// Replication factor of created topics.
#[must_use]
pub fn replication(checked: &CheckedConfig) -> i32 {
    checked
        .settings
        .topics
        .replication
        .map_or(REPLICATION_DEFAULT, i32::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revoke_takes_a_fifth_of_the_poll_interval_and_20_s_at_most() {
        let secs = |millis: Option<&str>| {
            let set = millis.map(|m| ("max.poll.interval.ms".to_owned(), m.to_owned()));
            revoke_time_max(&set.into_iter().collect()).as_secs()
        };
        assert_eq!(secs(None), 20);
        assert_eq!(secs(Some("600000")), 20);
        assert_eq!(secs(Some("45000")), 9);
        assert_eq!(secs(Some("soon")), 20, "the client refuses it later");
    }
}

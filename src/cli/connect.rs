//! From a checked configuration to what the clients need.

use crate::config::CheckedConfig;
use crate::event::Tick;
use crate::kafka::{ClientSettings, Offsets};
use crate::runtime::{Clock, FirstStart, Options, SystemClock};

use super::Error;

/// Copies of topics where the user names none: the cluster's own default.
const REPLICATION_DEFAULT: i32 = -1;

/// How the clients of worker number `worker` reach the cluster.
///
/// # Errors
/// When no broker is named.
pub fn kafka(checked: &CheckedConfig, worker: usize) -> Result<ClientSettings, Error> {
    let settings = &checked.settings;
    let prefix = settings
        .runtime
        .transactional_id
        .clone()
        .unwrap_or_else(|| {
            // Random per start is safe: what fences a former member is the group's generation.
            format!("{}-{:016x}", settings.kafka.group, fastrand::u64(..))
        });
    Ok(ClientSettings {
        brokers: settings.kafka.bootstrap()?,
        group: settings.kafka.group.clone(),
        transactional_id: format!("{prefix}-{worker}"),
        transaction_timeout: settings.runtime.transaction_timeout(),
        properties: settings.kafka.properties.0.clone(),
        offsets: Offsets::InTransaction,
    })
}

/// What a worker is told beside the plan.
#[must_use]
pub fn options(checked: &CheckedConfig) -> Options {
    let runtime = &checked.settings.runtime;
    Options {
        flush_interval: runtime.flush_interval.as_duration(),
        checkpoint_interval: runtime.checkpoint_interval.as_duration(),
        first: first(&runtime.from),
        incarnation: fastrand::u64(..),
    }
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

/// Copies of each topic that is created.
#[must_use]
pub fn replication(checked: &CheckedConfig) -> i32 {
    checked
        .settings
        .topics
        .replication
        .map_or(REPLICATION_DEFAULT, i32::from)
}

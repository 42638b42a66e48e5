//! Requests to administer topics.

use std::time::Duration;

use rdkafka::admin::AdminClient;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::KafkaError;

use super::context::QuietContext;
use super::outage::is_outage;
use super::query::{QueryClient, unreachable_at};
use super::refusal::refused;
use super::settings::ClientSettings;
use crate::runtime::{Fault, Heartbeat};

/// Maximum time for the cluster to change topics.
pub const ADMIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Client that asks for topics.
pub fn client(settings: &ClientSettings) -> Result<QueryClient, Fault> {
    QueryClient::create(&settings.probe(), settings, &Heartbeat::default())
}

pub fn admin(settings: &ClientSettings) -> Result<AdminClient<QuietContext>, Fault> {
    let client: Result<AdminClient<QuietContext>, KafkaError> =
        AdminClient::from_config_and_context(&settings.admin(), QuietContext::default());
    client.map_err(|error| refused(&error))
}

/// Fault of a request about topics that failed as a whole. An outage passes.
pub fn refused_by(settings: &ClientSettings, error: &KafkaError, done: &str) -> Fault {
    if is_outage(error) {
        return unreachable_at(&settings.brokers, None, error);
    }
    Fault::Fatal(format!("topics cannot be {done}: {error}"))
}

/// Waits for one request. The administration interface of the client is asynchronous.
pub fn block_on<T>(request: impl Future<Output = T>) -> Result<T, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Fault::Fatal(format!(
            "cannot start the runtime for an admin request: {error}"
        ))
    })?;
    Ok(runtime.block_on(request))
}

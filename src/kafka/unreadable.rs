//! Finds the topic that the principal may not read. The library tells the consumer of a group that it is one of its topics, but
//! not which.

use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use super::context::QuietContext;
use super::settings::ClientSettings;

/// Maximum time to read from one topic.
const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// First of `topics` that the brokers do not allow to read; `None` if there is none, or none can be found now.
#[must_use]
pub fn unreadable(settings: &ClientSettings, topics: &[String]) -> Option<String> {
    let denied = |topic: &&String| is_denied(settings, topic).unwrap_or(false);
    topics.iter().find(denied).cloned()
}

/// Reads at the end of the topic's first partition.
fn is_denied(settings: &ClientSettings, topic: &str) -> Result<bool, KafkaError> {
    let reader: BaseConsumer<QuietContext> =
        BaseConsumer::from_config_and_context(&settings.state_reader(), QuietContext::default())?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::End)?;
    reader.assign(&list)?;
    let deadline = Instant::now() + READ_TIMEOUT;
    while Instant::now() < deadline {
        match reader.poll(READ_TIMEOUT) {
            Some(Ok(_)) | Some(Err(KafkaError::PartitionEOF(_))) => return Ok(false),
            Some(Err(error)) => {
                let code = error.rdkafka_error_code();
                if code == Some(RDKafkaErrorCode::TopicAuthorizationFailed) {
                    return Ok(true);
                }
            }
            None => {}
        }
    }
    Ok(false)
}

//! Read-ahead: tells control records from records that are still to be read, by a client that joins no group.
//!
//! Control records take offsets that are never delivered, so on a transactional topic the next offset of a reader stays
//! before the end even when every record was read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::context::QuietContext;
use super::settings::ClientSettings;
use crate::runtime::{Fault, TopicPartition};

/// Maximum time for all positions of one topic.
const READ_AHEAD_MAX: Duration = Duration::from_secs(2);

/// For each position, true if a reader that starts there reaches the end without a record. One client reads all
/// partitions of a topic; topics are read one after the other, because an end-of-partition event does not name its topic.
///
/// # Errors
/// When the cluster does not answer.
pub fn only_markers_follow(
    settings: &ClientSettings,
    positions: &[(TopicPartition, i64)],
) -> Result<Vec<bool>, Fault> {
    let mut by_topic: BTreeMap<&str, Vec<(i32, i64)>> = BTreeMap::new();
    for (at, next) in positions {
        let of_topic = by_topic.entry(&at.topic).or_default();
        of_topic.push((at.partition, *next));
    }
    let mut drained = BTreeSet::new();
    for (topic, partitions) in by_topic {
        let found = drained_of(settings, topic, &partitions)?;
        drained.extend(found.into_iter().map(|partition| (topic, partition)));
    }
    let is_drained = |at: &TopicPartition| drained.contains(&(at.topic.as_str(), at.partition));
    Ok(positions.iter().map(|(at, _)| is_drained(at)).collect())
}

/// The partitions of `topic` that end without a further record.
fn drained_of(
    settings: &ClientSettings,
    topic: &str,
    partitions: &[(i32, i64)],
) -> Result<BTreeSet<i32>, Fault> {
    let cannot =
        |error: KafkaError| Fault::Passing(format!("cannot read ahead in {topic}: {error}"));
    let mut config = settings.state_reader();
    config.set("auto.offset.reset", "error"); // a position whose records were deleted has no answer
    let reader: BaseConsumer<QuietContext> =
        BaseConsumer::from_config_and_context(&config, QuietContext::default()).map_err(cannot)?;
    let mut list = TopicPartitionList::new();
    for (partition, next) in partitions {
        list.add_partition_offset(topic, *partition, Offset::Offset(*next))
            .map_err(cannot)?;
    }
    reader.assign(&list).map_err(cannot)?;
    let mut open: BTreeSet<i32> = partitions.iter().map(|(partition, _)| *partition).collect();
    let mut drained = BTreeSet::new();
    let deadline = Instant::now() + READ_AHEAD_MAX;
    while !open.is_empty() && Instant::now() < deadline {
        match reader.poll(deadline.saturating_duration_since(Instant::now())) {
            Some(Ok(message)) => {
                open.remove(&message.partition());
            }
            Some(Err(KafkaError::PartitionEOF(partition))) if open.remove(&partition) => {
                drained.insert(partition);
            }
            Some(Err(KafkaError::PartitionEOF(_))) => {} // records came first
            Some(Err(error)) => return Err(cannot(error)),
            None => {}
        }
    }
    Ok(drained)
}

//! `offsets reset`: accepts a loss of records, and begins a new incarnation of the sources of a topic.

use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::context::QuietContext;
use super::offsets::{committed_of, listed};
use super::query::REQUEST_TIMEOUT;
use super::refusal::refused;
use super::rights::Principal;
use super::settings::ClientSettings;
use crate::pipeline::frame::FrameLink;
use crate::pipeline::ingest::Position;
use crate::runtime::{Fault, TopicPartition, committed_position, encode_metadata};

/// Position at which reading continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetTo {
    /// Oldest record that is left.
    Earliest,
    /// End of the log.
    Latest,
    /// Committed offset of the group, whoever wrote it.
    Committed,
}

/// Writes new offsets for every partition of `topic`, marked as the beginning of a new `incarnation`. The group must
/// have no active members.
/// Returns the offsets by partition.
///
/// # Errors
/// When members are still active, the topic does not exist or the cluster does not answer.
pub fn reset_offsets(
    settings: &ClientSettings,
    topic: &str,
    to: ResetTo,
    incarnation: u64,
) -> Result<Vec<i64>, Fault> {
    let cannot = |error: KafkaError| {
        Fault::Fatal(format!("the offsets of {topic} cannot be reset: {error}"))
    };
    let consumer =
        BaseConsumer::from_config_and_context(&settings.consumer(), QuietContext::default())
            .map_err(|error| refused(&error))?;
    at_rest(&consumer, &settings.group)?;
    let metadata = consumer
        .fetch_metadata(Some(topic), REQUEST_TIMEOUT)
        .map_err(cannot)?;
    let count = metadata
        .topics()
        .first()
        .map_or(0, |t| t.partitions().len());
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    if count == 0 {
        return Err(Fault::Fatal(format!("topic {topic} does not exist")));
    }
    let partitions: Vec<TopicPartition> = (0..count)
        .map(|partition| TopicPartition::of(topic, partition))
        .collect();
    let committed = consumer
        .committed_offsets(listed(partitions.iter()), Duration::from_secs(30))
        .map_err(cannot)?;
    let committed = committed_of(&committed, &partitions, &Principal::of(settings))?;
    let (mut offsets, mut chosen) = (TopicPartitionList::new(), Vec::new());
    for (at, before) in partitions.iter().zip(&committed) {
        let partition = at.partition;
        let (earliest, latest) = consumer
            .fetch_watermarks(topic, partition, REQUEST_TIMEOUT)
            .map_err(cannot)?;
        let next = match to {
            ResetTo::Earliest => earliest,
            ResetTo::Latest => latest,
            ResetTo::Committed => before.as_ref().map_or(earliest, |before| before.offset),
        };
        // An offset that somebody moved by hand does not say how far the source was read.
        let ours = before
            .as_ref()
            .and_then(|before| Some((before.offset, committed_position(at, before).ok()?)));
        let position = Position {
            lost_from: Some(
                ours.as_ref()
                    .map_or(FrameLink::UNKNOWN, |(read_to, _)| *read_to),
            ),
            lost_since: ours.and_then(|(_, position)| position.watermark),
            ..Position::beginning(incarnation)
        };
        let mut element = offsets.add_partition(topic, partition);
        element.set_offset(Offset::Offset(next)).map_err(cannot)?;
        element.set_metadata(encode_metadata(&position));
        chosen.push(next);
    }
    consumer
        .commit(&offsets, CommitMode::Sync)
        .map_err(cannot)?;
    Ok(chosen)
}

fn at_rest(consumer: &BaseConsumer<QuietContext>, group: &str) -> Result<(), Fault> {
    let groups = consumer.fetch_group_list(Some(group), REQUEST_TIMEOUT);
    let groups = groups.map_err(|error| {
        Fault::Fatal(format!("cannot read the members of group {group}: {error}"))
    })?;
    let active = groups
        .groups()
        .iter()
        .find(|g| g.name() == group)
        .map_or(0, |g| g.members().len());
    if active > 0 {
        return Err(Fault::Fatal(format!(
            "group {group} has {active} active members: first stop all tidegauge processes of the group"
        )));
    }
    Ok(())
}

//! `offsets reset`: looks at a topic's offsets, and begins a new incarnation of the sources that must continue elsewhere.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::context::QuietContext;
use super::offsets::{committed_of, listed};
use super::query::REQUEST_TIMEOUT;
use super::refusal::refused;
use super::reset_plan::{GroupOffset, HeldLog, PartitionReset, ResetTo};
use super::rights::{Principal, Right};
use super::settings::ClientSettings;
use crate::pipeline::INTERNAL_PARTITIONS;
use crate::pipeline::frame::FrameLink;
use crate::runtime::{Committed, Fault, TopicPartition, committed_position, encode_metadata};

/// Maximum time to read committed offsets: an open transaction may delay them.
const COMMITTED_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum time to find the first record at or after an offset.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// The offsets of one topic of a group.
pub struct OffsetsReset<'a> {
    consumer: BaseConsumer<QuietContext>,
    reader: BaseConsumer<QuietContext>,
    principal: Principal,
    group: &'a str,
    topic: &'a str,
}

impl<'a> OffsetsReset<'a> {
    /// Connects.
    ///
    /// # Errors
    /// When the client refuses its settings.
    pub fn open(settings: &'a ClientSettings, topic: &'a str) -> Result<Self, Fault> {
        let client = |config| {
            BaseConsumer::from_config_and_context(&config, QuietContext::default())
                .map_err(|error| refused(&error))
        };
        Ok(Self {
            consumer: client(settings.consumer())?,
            reader: client(settings.state_reader())?,
            principal: Principal::of(settings),
            group: &settings.group,
            topic,
        })
    }

    /// Checks that the group has no active members.
    ///
    /// # Errors
    /// When it has, or the cluster does not answer.
    pub fn require_rest(&self) -> Result<(), Fault> {
        at_rest(&self.consumer, self.group)
    }

    /// Checks that the group has read before: it has an offset in `panes`. A mistyped group has none, and offsets written for
    /// it would help nobody.
    ///
    /// # Errors
    /// When it has none, or the cluster does not answer.
    pub fn require_history(&self, panes: &str) -> Result<(), Fault> {
        let every: Vec<TopicPartition> = (0..)
            .zip(0..INTERNAL_PARTITIONS)
            .map(|(partition, _)| TopicPartition::of(panes, partition))
            .collect();
        if self.committed(&every)?.iter().any(Option::is_some) {
            return Ok(());
        }
        Err(Fault::Fatal(format!(
            "group {} has no offsets in {panes}: check `kafka.group` and `topics.prefix`. If both are right, its offsets expired: start anew \
             with another `kafka.group` and `topics.prefix`",
            self.group
        )))
    }

    /// What the reset would do with each partition, or with those in `only` if there are any. Changes nothing.
    ///
    /// # Errors
    /// When the topic or a partition does not exist, or the cluster does not answer.
    pub fn plan(&self, to: ResetTo, only: &BTreeSet<i32>) -> Result<Vec<PartitionReset>, Fault> {
        let partitions = self.partitions(only)?;
        let places: Vec<TopicPartition> = partitions
            .iter()
            .map(|partition| TopicPartition::of(self.topic, *partition))
            .collect();
        let committed = self.committed(&places)?;
        let each = places.iter().zip(committed);
        each.map(|(at, committed)| self.plan_one(at, committed, to))
            .collect()
    }

    fn committed(&self, places: &[TopicPartition]) -> Result<Vec<Option<Committed>>, Fault> {
        let answer = self
            .consumer
            .committed_offsets(listed(places.iter()), COMMITTED_TIMEOUT)
            .map_err(|error| self.cannot(&error))?;
        committed_of(&answer, places, &self.principal)
    }

    fn plan_one(
        &self,
        at: &TopicPartition,
        committed: Option<Committed>,
        to: ResetTo,
    ) -> Result<PartitionReset, Fault> {
        let (first, end) = self
            .consumer
            .fetch_watermarks(self.topic, at.partition, REQUEST_TIMEOUT)
            .map_err(|error| self.cannot(&error))?;
        let held = match committed {
            None => GroupOffset::Missing,
            Some(committed) => match committed_position(at, &committed) {
                Ok(own) if own.lost_from != Some(FrameLink::UNKNOWN) => GroupOffset::Ours {
                    offset: committed.offset,
                    read_to: own.lost_from.unwrap_or(committed.offset),
                    watermark: own.watermark.or(own.lost_since),
                },
                Ok(_) | Err(_) => GroupOffset::Foreign {
                    offset: committed.offset,
                },
            },
        };
        let mut record_at = |offset| self.record_at(at.partition, offset);
        PartitionReset::plan(
            at.partition,
            held,
            HeldLog { first, end },
            to,
            &mut record_at,
        )
    }

    /// Writes the planned offsets. Partitions that stay are not touched.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn apply(&self, plan: &[PartitionReset], incarnation: u64) -> Result<(), Fault> {
        let mut offsets = TopicPartitionList::new();
        for reset in plan {
            if let Some(position) = reset.position(incarnation) {
                let mut element = offsets.add_partition(self.topic, reset.partition);
                element
                    .set_offset(Offset::Offset(reset.next))
                    .map_err(|error| self.cannot(&error))?;
                element.set_metadata(encode_metadata(&position));
            }
        }
        if offsets.count() == 0 {
            return Ok(());
        }
        self.consumer
            .commit(&offsets, CommitMode::Sync)
            .map_err(|error| self.cannot(&error))
    }

    /// The partitions to look at.
    fn partitions(&self, only: &BTreeSet<i32>) -> Result<Vec<i32>, Fault> {
        let topic = self.topic;
        let metadata = self.consumer.fetch_metadata(Some(topic), REQUEST_TIMEOUT);
        let metadata = metadata.map_err(|error| self.cannot(&error))?;
        let known = metadata
            .topics()
            .first()
            .map_or(&[][..], |t| t.partitions());
        let known: BTreeSet<i32> = known.iter().map(|partition| partition.id()).collect();
        if known.is_empty() {
            return Err(Fault::Fatal(format!("topic {topic} does not exist")));
        }
        if let Some(unknown) = only.difference(&known).next() {
            return Err(Fault::Fatal(format!(
                "topic {topic} has no partition {unknown}; it has {}",
                known.len()
            )));
        }
        let chosen = if only.is_empty() { &known } else { only };
        Ok(chosen.iter().copied().collect())
    }

    /// First committed record of the partition at or after `offset`, which the log holds.
    fn record_at(&self, partition: i32, offset: i64) -> Result<Option<i64>, Fault> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(self.topic, partition, Offset::Offset(offset))
            .map_err(|error| self.cannot(&error))?;
        self.reader
            .assign(&list)
            .map_err(|error| self.cannot(&error))?;
        let deadline = Instant::now() + READ_TIMEOUT;
        while Instant::now() < deadline {
            let wait = deadline.saturating_duration_since(Instant::now());
            match self.reader.poll(wait) {
                // What was fetched for the partition before may still arrive.
                Some(Ok(message)) if message.partition() != partition => {}
                Some(Ok(message)) => return Ok(Some(message.offset())),
                Some(Err(KafkaError::PartitionEOF(ended))) if ended == partition => {
                    return Ok(None);
                }
                Some(Err(KafkaError::PartitionEOF(_))) | None => {}
                Some(Err(error)) => return Err(self.cannot(&error)),
            }
        }
        Err(Fault::Fatal(format!(
            "cannot read {}[{partition}] within {} s: check that its leader is up, and try again",
            self.topic,
            READ_TIMEOUT.as_secs()
        )))
    }

    fn cannot(&self, error: &KafkaError) -> Fault {
        let right = Right::ReadTopic(self.topic.to_owned());
        let denied = self.principal.denied(error, Some(right));
        denied.unwrap_or_else(|| {
            Fault::Fatal(format!(
                "the offsets of {} cannot be reset: {error}",
                self.topic
            ))
        })
    }
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

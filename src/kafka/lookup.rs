//! Lookups of ends and committed offsets, by two handles that join no group.

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use super::context::QuietContext;
use super::offsets::{committed_of, listed};
use super::refusal::refused;
use super::restore::REQUEST_TIMEOUT;
use super::settings::{ClientSettings, Offsets};
use crate::event::Tick;
use crate::runtime::{Committed, Fault, TopicPartition};

/// Two handles that join no group.
pub struct Lookup {
    /// Reads uncommitted, so it sees the true end of a log.
    probe: BaseConsumer<QuietContext>,
    /// Reads committed, so it sees up to the first open transaction. The group's consumer is not asked, because there the
    /// request waits up to half a second behind a fetch.
    stable: BaseConsumer<QuietContext>,
}

impl Lookup {
    /// Creates the handles and checks that a broker answers.
    ///
    /// # Errors
    /// When a property is unknown or no broker answers.
    pub fn connect(settings: &ClientSettings) -> Result<Self, Fault> {
        let probe = BaseConsumer::from_config_and_context(&settings.probe(), QuietContext)
            .map_err(|e| refused(&e))?;
        probe
            .fetch_metadata(None, REQUEST_TIMEOUT)
            .map_err(|error| unreachable_at(&settings.brokers, &error))?;
        let stable = BaseConsumer::from_config_and_context(&settings.stable_probe(), QuietContext)
            .map_err(|e| refused(&e))?;
        Ok(Self { probe, stable })
    }

    /// Handle that reads uncommitted.
    pub fn probe(&self) -> &BaseConsumer<QuietContext> {
        &self.probe
    }

    /// Committed offsets, read uncommitted. The broker does not delay this answer by open transactions.
    pub fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, Fault> {
        let answer = self
            .probe
            .committed_offsets(listed(partitions.iter()), REQUEST_TIMEOUT)
            .map_err(|error| Fault::Passing(format!("cannot read committed offsets: {error}")))?;
        committed_of(&answer, partitions)
    }

    /// Number of partitions of `topic`.
    pub fn partitions(&self, topic: &str) -> Result<i32, Fault> {
        let metadata = self.probe.fetch_metadata(Some(topic), REQUEST_TIMEOUT);
        let metadata = metadata.map_err(|error| {
            Fault::Passing(format!("cannot read the metadata of {topic}: {error}"))
        })?;
        let found = metadata.topics().iter().find(|t| t.name() == topic);
        let missing = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        match found.map(|t| (t.error(), t.partitions().len())) {
            Some((None, count)) if count > 0 => Ok(i32::try_from(count).unwrap_or(i32::MAX)),
            Some((Some(error), _)) if error != missing => {
                let code = RDKafkaErrorCode::from(error);
                Err(Fault::Passing(format!(
                    "cannot read the metadata of {topic}: {code}"
                )))
            }
            _ => Err(Fault::Fatal(format!(
                "topic {topic} does not exist: create it, or correct `topics` in the configuration"
            ))),
        }
    }

    /// Offset of the first record stored at or after `tick`; `None` if there is none.
    pub fn offset_at(&self, at: &TopicPartition, tick: Tick) -> Result<Option<i64>, KafkaError> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&at.topic, at.partition, Offset::Offset(tick.0))?;
        let found = self.probe.offsets_for_times(list, REQUEST_TIMEOUT)?;
        let element = found.find_partition(&at.topic, at.partition);
        Ok(match element.map(|element| element.offset()) {
            Some(Offset::Offset(offset)) => Some(offset),
            _ => None,
        })
    }

    /// True if no record lies at `next` or beyond, and no transaction is open.
    pub fn is_drained(
        &self,
        settings: &ClientSettings,
        at: &TopicPartition,
        next: i64,
    ) -> Result<bool, Fault> {
        let end_by = |handle: &BaseConsumer<QuietContext>| {
            let ends = handle.fetch_watermarks(&at.topic, at.partition, REQUEST_TIMEOUT);
            ends.map(|(_, end)| end).map_err(|error| {
                Fault::Passing(format!("cannot find the end offset of {at}: {error}"))
            })
        };
        let stable = end_by(&self.stable)?;
        let end = end_by(&self.probe)?;
        if stable < end {
            return Ok(false); // an open transaction: its records would be late once it commits
        }
        // The embedded cluster writes no markers.
        let may_be_markers = settings.offsets == Offsets::InTransaction;
        Ok(next >= end || (may_be_markers && only_markers_follow(settings, at, next)?))
    }
}

/// True if only control records lie at `next` and beyond: a reader that starts there reaches the end without a record.
fn only_markers_follow(
    settings: &ClientSettings,
    at: &TopicPartition,
    next: i64,
) -> Result<bool, Fault> {
    let cannot = |error: KafkaError| Fault::Passing(format!("cannot read ahead in {at}: {error}"));
    let reader: BaseConsumer<QuietContext> =
        BaseConsumer::from_config_and_context(&settings.state_reader(), QuietContext)
            .map_err(cannot)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&at.topic, at.partition, Offset::Offset(next))
        .map_err(cannot)?;
    reader.assign(&list).map_err(cannot)?;
    Ok(matches!(
        reader.poll(REQUEST_TIMEOUT),
        Some(Err(KafkaError::PartitionEOF(_)))
    ))
}

fn unreachable_at(brokers: &str, error: &KafkaError) -> Fault {
    Fault::Fatal(format!(
        "no broker answers at {brokers}: check `kafka.brokers` and that the cluster is up ({error})"
    ))
}

//! Lookups of topics, ends and committed offsets, by two clients that join no group.

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::context::QuietContext;
use super::query::{QueryClient, REQUEST_TIMEOUT};
use super::settings::{ClientSettings, Offsets};
use crate::runtime::{Committed, Fault, FirstStart, Heartbeat, TopicPartition};

/// Two clients that join no group.
pub struct Lookup {
    /// Reads uncommitted, so it sees the true end of a log.
    probe: QueryClient,
    /// Reads committed, so it sees up to the first open transaction. The group's consumer is not asked, because there the
    /// request waits up to half a second behind a fetch.
    stable: QueryClient,
}

impl Lookup {
    /// Creates the clients. They connect when they are first asked.
    ///
    /// # Errors
    /// When the library refuses a property.
    pub fn create(settings: &ClientSettings, heartbeat: &Heartbeat) -> Result<Self, Fault> {
        let client = |config| QueryClient::create(&config, settings, heartbeat);
        Ok(Self {
            probe: client(settings.probe())?,
            stable: client(settings.stable_probe())?,
        })
    }

    /// Committed offsets, read uncommitted. The broker does not delay this answer by open transactions.
    ///
    /// # Errors
    /// When the coordinator of the group does not answer.
    pub fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, Fault> {
        self.probe.committed(partitions)
    }

    /// Number of partitions of `topic`; `None` if it does not exist.
    ///
    /// # Errors
    /// When no broker answers.
    pub fn partitions(&self, topic: &str) -> Result<Option<i32>, Fault> {
        self.probe.partitions(topic)
    }

    /// Offset at which to begin to read.
    ///
    /// # Errors
    /// When the leader of the partition does not answer.
    pub fn first_offset(&self, at: &TopicPartition, first: FirstStart) -> Result<i64, Fault> {
        let of = |offset| -> Result<Option<i64>, Fault> {
            let answer = self.stable.offsets(&at.topic, &[(at.partition, offset)])?;
            Ok(one(&answer))
        };
        let found = match first {
            FirstStart::Earliest => of(Offset::Beginning)?,
            FirstStart::Latest => of(Offset::End)?,
            FirstStart::Since(tick) => match of(Offset::Offset(tick.0))? {
                None => of(Offset::End)?,
                found => found,
            },
        };
        found.ok_or_else(|| no_end(at))
    }

    /// True ends of these partitions, open transactions included.
    ///
    /// # Errors
    /// When a leader does not answer.
    pub fn ends(&self, topic: &str, partitions: &[i32]) -> Result<Vec<(i32, i64)>, Fault> {
        ends(&self.probe, topic, partitions)
    }

    /// Ends of these partitions as readers of committed records see them: the first open transaction.
    ///
    /// # Errors
    /// When a leader does not answer.
    pub fn stable_ends(&self, topic: &str, partitions: &[i32]) -> Result<Vec<(i32, i64)>, Fault> {
        ends(&self.stable, topic, partitions)
    }

    /// True if no record lies at `next` or beyond, and no transaction is open.
    ///
    /// # Errors
    /// When the leader of the partition does not answer.
    pub fn is_drained(
        &self,
        settings: &ClientSettings,
        at: &TopicPartition,
        next: i64,
    ) -> Result<bool, Fault> {
        let end_by = |client: &QueryClient| {
            let end = client.offsets(&at.topic, &[(at.partition, Offset::End)])?;
            one(&end).ok_or_else(|| no_end(at))
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

fn ends(client: &QueryClient, topic: &str, partitions: &[i32]) -> Result<Vec<(i32, i64)>, Fault> {
    let asked: Vec<(i32, Offset)> = partitions.iter().map(|p| (*p, Offset::End)).collect();
    let ends = client.offsets(topic, &asked)?;
    let found = partitions.iter().zip(ends);
    found
        .map(|(partition, end)| {
            let end = end.ok_or_else(|| no_end(&TopicPartition::of(topic, *partition)))?;
            Ok((*partition, end))
        })
        .collect()
}

/// Answer for the only partition that was asked for.
fn one(answer: &[Option<i64>]) -> Option<i64> {
    answer.first().copied().flatten()
}

fn no_end(at: &TopicPartition) -> Fault {
    Fault::Passing(format!("the leader of {at} did not say where it ends"))
}

/// True if only control records lie at `next` and beyond: a reader that starts there reaches the end without a record.
fn only_markers_follow(
    settings: &ClientSettings,
    at: &TopicPartition,
    next: i64,
) -> Result<bool, Fault> {
    let cannot = |error: KafkaError| Fault::Passing(format!("cannot read ahead in {at}: {error}"));
    let reader: BaseConsumer<QuietContext> =
        BaseConsumer::from_config_and_context(&settings.state_reader(), QuietContext::default())
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

//! The cluster in memory: topics, committed offsets, open transactions and planned faults.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tidegauge::runtime::{Committed, Fault, Target, TopicPartition};
use tidegauge::sketch::id_hash;

/// A record at rest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredRecord {
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value.
    pub value: Option<Vec<u8>>,
    /// Headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Arrival, in milliseconds since the Unix epoch.
    pub arrival: Option<i64>,
}

/// What happens to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedFault {
    /// It succeeds.
    None,
    /// Nothing is written, and the worker learns that.
    Refused,
    /// Everything is written, but the answer is lost: the worker sees a failure.
    AnswerLost,
}

/// Why restores cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The clients that exist now keep failing; new ones work.
    StaleClients,
    /// A partition has no leader, whichever client asks.
    NoLeader,
    /// The group gives no partitions to the clients that exist now; it does to new ones.
    DeafClients,
    /// The group gives no partitions to any client.
    NoCoordinator,
    /// No broker answers.
    Outage,
}

/// Records by offset; `None` for a transaction marker and for a record that was removed.
pub type Partition = Vec<Option<Arc<StoredRecord>>>;

/// Everything that all members share.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    pub topics: BTreeMap<String, Vec<Partition>>,
    pub committed: BTreeMap<TopicPartition, Committed>,
    pub generation: u64,
    pub faults: VecDeque<PlannedFault>,
    pub in_transaction: BTreeSet<TopicPartition>,
    /// First offset that is left, of partitions whose old records were deleted.
    pub first: BTreeMap<TopicPartition, i64>,
    /// How often a member asked for the ends of its partitions.
    pub looks: u64,
    pub trouble: Option<Trouble>,
    /// Number of times that a member made its clients anew.
    pub renewals: u32,
}

impl Cluster {
    pub fn partition(&self, at: &TopicPartition) -> &[Option<Arc<StoredRecord>>] {
        let partitions = self.topics.get(&at.topic);
        let index = usize::try_from(at.partition).unwrap_or(usize::MAX);
        partitions
            .and_then(|p| p.get(index))
            .map_or(&[], Vec::as_slice)
    }

    /// The first record at or after `offset`, or the end.
    pub fn next_record(
        &self,
        at: &TopicPartition,
        offset: i64,
    ) -> (i64, Option<Arc<StoredRecord>>) {
        let held = self.partition(at);
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let beyond = held.iter().enumerate().skip(from);
        let found = beyond
            .filter_map(|(index, record)| Some((index, record.clone()?)))
            .next();
        let end = || held.len().max(from);
        let index = found.as_ref().map_or_else(end, |(index, _)| *index);
        (
            i64::try_from(index).unwrap_or(i64::MAX),
            found.map(|(_, record)| record),
        )
    }

    /// Appends a record and returns its partition. A missing topic is created with one partition.
    pub fn append(
        &mut self,
        topic: &str,
        target: Target,
        record: StoredRecord,
    ) -> Result<TopicPartition, Fault> {
        let partitions = self
            .topics
            .entry(topic.to_owned())
            .or_insert_with(|| vec![Vec::new()]);
        let index = match target {
            Target::Partition(partition) => usize::try_from(partition).unwrap_or(usize::MAX),
            Target::ByKey => {
                let key = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default());
                usize::try_from(id_hash(&key) % partitions.len() as u64).unwrap_or(0)
            }
        };
        let held = partitions
            .get_mut(index)
            .ok_or_else(|| Fault::Fatal(format!("{topic} has no partition {index}")))?;
        held.push(Some(Arc::new(record)));
        Ok(TopicPartition {
            topic: topic.to_owned(),
            partition: i32::try_from(index).unwrap_or(i32::MAX),
        })
    }

    /// Ends a transaction: its marker takes one offset in every partition it wrote to.
    pub fn mark(&mut self, written: &BTreeSet<TopicPartition>) {
        for at in written {
            let index = usize::try_from(at.partition).unwrap_or(usize::MAX);
            let held = self
                .topics
                .get_mut(&at.topic)
                .and_then(|partitions| partitions.get_mut(index));
            held.into_iter().for_each(|held| held.push(None));
        }
    }
}

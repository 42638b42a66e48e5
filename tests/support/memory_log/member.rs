//! One member of a consumer group over the cluster in memory, and the handles by which a test sets the scene.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidegauge::runtime::{Committed, Target, TopicPartition};

use super::cluster::{Cluster, PlannedFault, StoredRecord, Trouble};
use super::message::MemoryMessage;

/// A member's partitions: those whose number modulo `of` is `index`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    index: i32,
    of: i32,
}

/// One member of the group. [`MemoryLog::join`] makes further members of the same cluster.
#[derive(Debug)]
pub struct MemoryLog {
    pub(super) cluster: Arc<Mutex<Cluster>>,
    pub(super) subscription: Vec<String>,
    pub(super) share: Share,
    pub(super) generation: u64,
    pub(super) announced: bool,
    pub(super) positions: Vec<(TopicPartition, i64)>,
    pub(super) turn: usize,
    pub(super) paused: Vec<TopicPartition>,
    pub(super) restoring: VecDeque<(i32, Arc<StoredRecord>)>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::over(Arc::default(), Vec::new(), Share { index: 0, of: 1 }, 0)
    }
}

impl MemoryLog {
    fn over(
        cluster: Arc<Mutex<Cluster>>,
        subscription: Vec<String>,
        share: Share,
        generation: u64,
    ) -> Self {
        Self {
            cluster,
            subscription,
            share,
            generation,
            announced: false,
            positions: Vec::new(),
            turn: 0,
            paused: Vec::new(),
            restoring: VecDeque::new(),
        }
    }

    pub(super) fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An independent copy of the whole cluster.
    #[must_use]
    pub fn copy(&self) -> Self {
        let cluster = self.cluster().clone();
        Self::over(
            Arc::new(Mutex::new(cluster)),
            Vec::new(),
            Share { index: 0, of: 1 },
            0,
        )
    }

    /// Creates a topic, or adds partitions to it.
    pub fn create_topic(&self, topic: &str, partitions: usize) {
        let mut cluster = self.cluster();
        let held = cluster.topics.entry(topic.to_owned()).or_default();
        held.resize_with(partitions.max(held.len()), Vec::new);
    }

    /// Appends a record, as a producer would. A record for a missing partition is dropped.
    pub fn produce(&self, topic: &str, partition: i32, record: StoredRecord) {
        let _ = self
            .cluster()
            .append(topic, Target::Partition(partition), record);
    }

    /// All records of a topic, partition by partition.
    #[must_use]
    pub fn read(&self, topic: &str) -> Vec<StoredRecord> {
        let cluster = self.cluster();
        let partitions = cluster.topics.get(topic).into_iter().flatten();
        partitions
            .flatten()
            .flatten()
            .map(|record| StoredRecord::clone(record))
            .collect()
    }

    /// Lets `hand` change the records of each partition, by offset; `None` is a marker.
    pub fn tamper(&self, topic: &str, mut hand: impl FnMut(i32, &mut Vec<Option<StoredRecord>>)) {
        let mut cluster = self.cluster();
        let partitions = cluster.topics.get_mut(topic).into_iter().flatten();
        for (number, held) in (0..).zip(partitions) {
            let mut records = held
                .iter()
                .map(|record| record.as_deref().cloned())
                .collect();
            hand(number, &mut records);
            *held = records
                .into_iter()
                .map(|record| record.map(Arc::new))
                .collect();
        }
    }

    /// The group's committed offset.
    #[must_use]
    pub fn committed_at(&self, at: &TopicPartition) -> Option<Committed> {
        self.cluster().committed.get(at).cloned()
    }

    /// Overwrites a committed offset, or deletes it with `None`.
    pub fn move_offset(&self, at: TopicPartition, to: Option<Committed>) {
        let mut cluster = self.cluster();
        match to {
            Some(committed) => cluster.committed.insert(at, committed),
            None => cluster.committed.remove(&at),
        };
    }

    /// Plans what happens to the next commits, one fault each.
    pub fn plan_faults(&self, faults: impl IntoIterator<Item = PlannedFault>) {
        self.cluster().faults.extend(faults);
    }

    /// Begins a trouble with restores, or ends it with `None`.
    pub fn trouble(&self, trouble: Option<Trouble>) {
        self.cluster().trouble = trouble;
    }

    /// Number of times that a member made its clients anew.
    #[must_use]
    pub fn renewals(&self) -> u32 {
        self.cluster().renewals
    }

    /// Deletes the records of a partition before `offset`, as retention would.
    pub fn delete_before(&self, at: TopicPartition, offset: i64) {
        self.cluster().first.insert(at, offset);
    }

    /// Opens a foreign transaction on a partition: its records cannot be read yet.
    pub fn open_transaction(&self, topic: &str, partition: i32) {
        self.cluster().in_transaction.insert(TopicPartition {
            topic: topic.to_owned(),
            partition,
        });
    }

    /// How often the members have asked for the ends of their partitions.
    #[must_use]
    pub fn looks(&self) -> u64 {
        self.cluster().looks
    }

    /// Aborts all foreign transactions.
    pub fn end_transactions(&self) {
        self.cluster().in_transaction.clear();
    }

    /// The only member of a new generation, subscribed to `topics`. Older members are fenced.
    #[must_use]
    pub fn join(&self, topics: &[&str]) -> Self {
        let mut members = self.join_many(topics, 1);
        members.pop().unwrap_or_default()
    }

    /// The members of a new generation; each gets its share of every topic's partitions.
    #[must_use]
    pub fn join_many(&self, topics: &[&str], members: i32) -> Vec<Self> {
        let generation = {
            let mut cluster = self.cluster();
            cluster.generation += 1;
            cluster.generation
        };
        let subscription: Vec<String> = topics.iter().map(|t| (*t).to_owned()).collect();
        let member = |index| {
            let share = Share { index, of: members };
            Self::over(
                Arc::clone(&self.cluster),
                subscription.clone(),
                share,
                generation,
            )
        };
        (0..members).map(member).collect()
    }

    pub(super) fn assignment(&self) -> Vec<TopicPartition> {
        let cluster = self.cluster();
        let mut assigned = Vec::new();
        for topic in &self.subscription {
            let count = cluster.topics.get(topic).map_or(0, Vec::len);
            let numbers = (0..i32::try_from(count).unwrap_or(0))
                .filter(|p| p % self.share.of == self.share.index);
            assigned.extend(numbers.map(|partition| TopicPartition {
                topic: topic.clone(),
                partition,
            }));
        }
        assigned
    }

    /// The next message; partitions are read in turn.
    pub(super) fn next_message(&mut self) -> Option<MemoryMessage> {
        for _ in 0..self.positions.len() {
            self.turn = (self.turn + 1) % self.positions.len();
            let (at, offset) = self.positions.get(self.turn)?.clone();
            if self.paused.contains(&at) {
                continue;
            }
            let (offset, record) = self.cluster().next_record(&at, offset);
            if let Some((_, next)) = self.positions.get_mut(self.turn) {
                *next = offset + i64::from(record.is_some());
            }
            if let Some(record) = record {
                return Some(MemoryMessage { at, offset, record });
            }
        }
        None
    }
}

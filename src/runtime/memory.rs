//! The log in memory: the second driver. The same worker runs over it in tests, with faults on demand and no broker.
//!
//! It keeps what Kafka promises and nothing more: a batch happens whole or not at all and leaves a marker that takes an
//! offset, a member of an older generation is refused, offsets carry their metadata.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::port::{
    Batch, Committed, Fault, FirstStart, Log, LogEvent, Message, Outgoing, TakeEntry, Target,
    TopicPartition,
};
use crate::event::{ArrivalTime, Record};
use crate::sketch::id_hash;

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

/// What the next commit is to suffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedFault {
    /// It happens as it should.
    None,
    /// Nothing is written, and the worker is told so.
    Refused,
    /// All is written, and the worker is told that it failed: the answer was lost on the way.
    AnswerLost,
}

/// Records by offset; nothing where a transaction left its marker or a record was taken away.
type Partition = Vec<Option<Arc<StoredRecord>>>;

#[derive(Debug, Clone, Default)]
struct Cluster {
    topics: BTreeMap<String, Vec<Partition>>,
    committed: BTreeMap<TopicPartition, Committed>,
    generation: u64,
    faults: VecDeque<PlannedFault>,
    in_transaction: BTreeSet<TopicPartition>,
}

impl Cluster {
    fn partition(&self, at: &TopicPartition) -> &[Option<Arc<StoredRecord>>] {
        let partitions = self.topics.get(&at.topic);
        let index = usize::try_from(at.partition).unwrap_or(usize::MAX);
        partitions
            .and_then(|p| p.get(index))
            .map_or(&[], Vec::as_slice)
    }

    /// The first record at or after `offset`, or the end.
    fn next_record(&self, at: &TopicPartition, offset: i64) -> (i64, Option<Arc<StoredRecord>>) {
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

    /// Appends, and answers where; a topic nobody has created gets one partition.
    fn append(
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

    /// Ends a transaction: its marker takes an offset in every partition it wrote to.
    fn mark(&mut self, written: &BTreeSet<TopicPartition>) {
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

/// Which partitions a member gets: those whose number leaves `index` when divided by `of`.
#[derive(Debug, Clone, Copy)]
struct Share {
    index: i32,
    of: i32,
}

/// One member's view of a cluster in memory; clones of the cluster handle are made with [`MemoryLog::join`].
#[derive(Debug)]
pub struct MemoryLog {
    cluster: Arc<Mutex<Cluster>>,
    subscription: Vec<String>,
    share: Share,
    generation: u64,
    announced: bool,
    positions: Vec<(TopicPartition, i64)>,
    turn: usize,
    paused: Vec<TopicPartition>,
    restoring: VecDeque<(i32, Arc<StoredRecord>)>,
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

    fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A cluster that holds the same and goes its own way from here.
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

    /// Creates a topic, or lets it grow.
    pub fn create_topic(&self, topic: &str, partitions: usize) {
        let mut cluster = self.cluster();
        let held = cluster.topics.entry(topic.to_owned()).or_default();
        held.resize_with(partitions.max(held.len()), Vec::new);
    }

    /// Appends a record, as a producer would; what goes to a partition that does not exist is dropped.
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

    /// What somebody's hand does to a topic: each partition with its records by offset, nothing where a marker lies.
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

    /// What somebody's hand does to a committed offset; `None` deletes it.
    pub fn move_offset(&self, at: TopicPartition, to: Option<Committed>) {
        let mut cluster = self.cluster();
        match to {
            Some(committed) => cluster.committed.insert(at, committed),
            None => cluster.committed.remove(&at),
        };
    }

    /// What the next commits are to suffer, one after the other.
    pub fn plan_faults(&self, faults: impl IntoIterator<Item = PlannedFault>) {
        self.cluster().faults.extend(faults);
    }

    /// Somebody's transaction writes to a partition: nothing of it can be read, and more may come.
    pub fn open_transaction(&self, topic: &str, partition: i32) {
        self.cluster().in_transaction.insert(TopicPartition {
            topic: topic.to_owned(),
            partition,
        });
    }

    /// All transactions that somebody has open are aborted.
    pub fn end_transactions(&self) {
        self.cluster().in_transaction.clear();
    }

    /// The only member of a new generation, subscribed to `topics`; whoever was there before is fenced.
    #[must_use]
    pub fn join(&self, topics: &[&str]) -> Self {
        let mut members = self.join_many(topics, 1);
        members.pop().unwrap_or_default()
    }

    /// The members of a new generation, each with its share of every topic's partitions.
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

    fn assignment(&self) -> Vec<TopicPartition> {
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

    /// The next message, the partitions taking turns.
    fn next_message(&mut self) -> Option<MemoryMessage> {
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

/// A message of the log in memory.
#[derive(Debug)]
pub struct MemoryMessage {
    at: TopicPartition,
    offset: i64,
    record: Arc<StoredRecord>,
}

impl Message for MemoryMessage {
    type Original = StoredRecord;

    fn topic(&self) -> &str {
        &self.at.topic
    }

    fn partition(&self) -> i32 {
        self.at.partition
    }

    fn offset(&self) -> i64 {
        self.offset
    }

    fn key(&self) -> Option<&[u8]> {
        self.record.key.as_deref()
    }

    fn record(&self) -> Record<'_> {
        let traceparent = self
            .record
            .headers
            .iter()
            .find(|(key, _)| key == "traceparent");
        Record {
            payload: self.record.value.as_deref(),
            arrival: self.record.arrival.map(ArrivalTime),
            traceparent: traceparent.and_then(|(_, value)| std::str::from_utf8(value).ok()),
            headers_readable: true,
        }
    }

    fn original(&self) -> StoredRecord {
        StoredRecord::clone(&self.record)
    }
}

fn stored(record: Outgoing<StoredRecord>) -> (String, Target, StoredRecord) {
    match record {
        Outgoing::Record {
            topic,
            target,
            key,
            headers,
            value,
        } => {
            let headers = headers
                .into_iter()
                .map(|(key, value)| (key, value.into_bytes()))
                .collect();
            (
                topic,
                target,
                StoredRecord {
                    key: Some(key),
                    value,
                    headers,
                    arrival: None,
                },
            )
        }
        Outgoing::DeadLetter {
            mut original,
            reason,
        } => {
            original.headers.push((
                "tidegauge.reason".to_owned(),
                reason.code().as_bytes().to_vec(),
            ));
            ("dead-letters".to_owned(), Target::ByKey, original)
        }
    }
}

impl Log for MemoryLog {
    type Original = StoredRecord;
    type Message<'a> = MemoryMessage;

    fn poll(&mut self, _timeout: Duration) -> Result<LogEvent<MemoryMessage>, Fault> {
        if !self.announced {
            self.announced = true;
            return Ok(LogEvent::Assigned(self.assignment()));
        }
        Ok(self
            .next_message()
            .map_or(LogEvent::Nothing, LogEvent::Message))
    }

    fn assign(&mut self, positions: &[(TopicPartition, i64)]) -> Result<(), Fault> {
        self.positions = positions.to_vec();
        self.paused.clear();
        self.turn = 0;
        Ok(())
    }

    fn unassign(&mut self) -> Result<(), Fault> {
        self.assign(&[])
    }

    fn pause_only(&mut self, paused: &[TopicPartition]) -> Result<(), Fault> {
        self.paused = paused.to_vec();
        Ok(())
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, Fault> {
        let cluster = self.cluster();
        Ok(partitions
            .iter()
            .map(|at| cluster.committed.get(at).cloned())
            .collect())
    }

    fn partitions(&mut self, topic: &str) -> Result<i32, Fault> {
        let count = self.cluster().topics.get(topic).map(Vec::len);
        count
            .and_then(|count| i32::try_from(count).ok())
            .ok_or_else(|| Fault::Fatal(format!("no topic {topic}")))
    }

    fn first_offset(&mut self, at: &TopicPartition, first: FirstStart) -> Result<i64, Fault> {
        let cluster = self.cluster();
        let held = cluster.partition(at);
        let index = match first {
            FirstStart::Earliest => 0,
            FirstStart::Latest => held.len(),
            FirstStart::Since(tick) => held
                .iter()
                .position(|r| r.as_ref().and_then(|r| r.arrival) >= Some(tick.0))
                .unwrap_or(held.len()),
        };
        Ok(i64::try_from(index).unwrap_or(i64::MAX))
    }

    fn is_drained(&mut self, at: &TopicPartition, next: i64) -> Result<bool, Fault> {
        let cluster = self.cluster();
        if cluster.in_transaction.contains(at) {
            return Ok(false);
        }
        let end = cluster.partition(at).len();
        Ok(usize::try_from(next).is_ok_and(|next| next >= end))
    }

    fn commit(&mut self, batch: Batch<StoredRecord>) -> Result<(), Fault> {
        let mut cluster = self.cluster();
        if cluster.generation != self.generation {
            return Err(Fault::Fatal(
                "fenced: another generation has taken over".to_owned(),
            ));
        }
        let fault = cluster.faults.pop_front().unwrap_or(PlannedFault::None);
        if fault == PlannedFault::Refused {
            return Err(Fault::Passing("refused as planned".to_owned()));
        }
        let mut written = BTreeSet::new();
        for (topic, target, record) in batch.records.into_iter().map(stored) {
            written.insert(cluster.append(&topic, target, record)?);
        }
        cluster.mark(&written);
        for (at, offset, metadata) in batch.offsets {
            cluster.committed.insert(
                at,
                Committed {
                    offset,
                    metadata: Some(metadata),
                },
            );
        }
        match fault {
            PlannedFault::AnswerLost => {
                Err(Fault::Passing("the answer was lost as planned".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn begin_restore(&mut self, topic: &str, partitions: &[i32]) -> Result<(), Fault> {
        let cluster = self.cluster();
        let records = partitions.iter().flat_map(|partition| {
            let at = TopicPartition {
                topic: topic.to_owned(),
                partition: *partition,
            };
            cluster
                .partition(&at)
                .iter()
                .flatten()
                .map(|record| (*partition, Arc::clone(record)))
                .collect::<Vec<_>>()
        });
        let records = records.collect();
        drop(cluster);
        self.restoring = records;
        Ok(())
    }

    fn restore(&mut self, take: &mut TakeEntry<'_>) -> Result<bool, Fault> {
        for (partition, record) in self.restoring.drain(..) {
            take(
                partition,
                record.key.as_deref().unwrap_or_default(),
                record.value.as_deref(),
            );
        }
        Ok(true)
    }

    fn close(&mut self) {
        self.positions.clear();
    }
}

//! The ports of the runtime: the log it reads and writes, and the clock. Kafka stands behind them in production, memory in tests.

use std::fmt;
use std::time::Duration;

use crate::event::{Record, Reject, Tick};
use crate::pipeline::invariant::{InvariantId, Violation};
use crate::pipeline::stop::Stop;

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
}

impl TopicPartition {
    /// A partition of `topic`.
    #[must_use]
    pub fn of(topic: &str, partition: i32) -> Self {
        Self {
            topic: topic.to_owned(),
            partition,
        }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.topic, self.partition)
    }
}

/// A committed offset: the next one to read, with what we wrote beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: i64,
    /// Our metadata; `None` where the offset was set by something else.
    pub metadata: Option<String>,
}

/// A message as the log hands it out; it lives until the next poll.
pub trait Message {
    /// What outlives the poll: enough to write the message again byte for byte.
    type Original;

    /// Topic.
    fn topic(&self) -> &str;
    /// Partition.
    fn partition(&self) -> i32;
    /// Offset.
    fn offset(&self) -> i64;
    /// Key.
    fn key(&self) -> Option<&[u8]>;
    /// The message as the codecs see it.
    fn record(&self) -> Record<'_>;
    /// A copy with key, payload and headers intact.
    fn original(&self) -> Self::Original;
}

/// What a poll brings.
#[derive(Debug)]
pub enum LogEvent<M> {
    /// A message of an assigned partition.
    Message(M),
    /// The group gave us exactly these partitions; answered by [`Log::assign`].
    Assigned(Vec<TopicPartition>),
    /// The group takes everything back; flush, then answer with [`Log::unassign`].
    Revoked,
    /// Everything was taken without asking: nothing of it may be committed.
    Lost,
    /// Nothing within the time.
    Nothing,
}

/// A bad world: retry, give up the transaction, or stop. The message says what to do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// It may pass by itself; what was begun is undone and begun again.
    #[error("{0}")]
    Passing(String),
    /// It does not: stop, and say how to mend it.
    #[error("{0}")]
    Fatal(String),
    /// An invariant does not hold: count it, and stop.
    #[error("{why}")]
    Violation {
        /// Which one.
        id: InvariantId,
        /// What was found, and what to do.
        why: String,
    },
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Self {
        let why = stop.to_string();
        match stop.invariant() {
            Some(id) => Self::Violation { id, why },
            None => Self::Fatal(why),
        }
    }
}

impl From<Violation> for Fault {
    fn from(violation: Violation) -> Self {
        Stop::from(violation).into()
    }
}

/// Which partition of a topic a record goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// This one.
    Partition(i32),
    /// The one its key hashes to.
    ByKey,
}

/// A record to write.
#[derive(Debug)]
pub enum Outgoing<O> {
    /// One of our own.
    Record {
        /// Topic.
        topic: String,
        /// Partition.
        target: Target,
        /// Key.
        key: Vec<u8>,
        /// Headers, in order.
        headers: Vec<(String, String)>,
        /// Value; `None` forgets the key.
        value: Option<Vec<u8>>,
    },
    /// A refused record, byte for byte.
    DeadLetter {
        /// The record.
        original: O,
        /// Why.
        reason: Reject,
    },
}

/// Everything one flush writes: all of it, or nothing.
#[derive(Debug)]
pub struct Batch<O> {
    /// Records, in order per partition.
    pub records: Vec<Outgoing<O>>,
    /// The offset of *every* task this transaction speaks for, advanced or not: it is what fences a replaced worker.
    pub offsets: Vec<(TopicPartition, i64, String)>,
}

impl<O> Batch<O> {
    /// Bytes of our own records.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let size = |record: &Outgoing<O>| match record {
            Outgoing::Record { key, value, .. } => key.len() + value.as_ref().map_or(0, Vec::len),
            Outgoing::DeadLetter { .. } => 0,
        };
        self.records.iter().map(size).sum::<usize>() as u64
    }
}

/// Takes one entry of a compacted topic: partition, key, value; without a value the key is forgotten.
pub type TakeEntry<'a> = dyn FnMut(i32, &[u8], Option<&[u8]>) + 'a;

/// The log: a consumer of a group, a transactional producer, and a reader without a group.
pub trait Log {
    /// What a message becomes when it is kept.
    type Original;
    /// A message, borrowed until the next call.
    type Message<'a>: Message<Original = Self::Original>
    where
        Self: 'a;

    /// Waits at most `timeout` for something to happen.
    ///
    /// # Errors
    /// A fault of the connection or of the group.
    fn poll(&mut self, timeout: Duration) -> Result<LogEvent<Self::Message<'_>>, Fault>;

    /// Reads on at these positions, and only there.
    ///
    /// # Errors
    /// When the positions are refused.
    fn assign(&mut self, positions: &[(TopicPartition, i64)]) -> Result<(), Fault>;

    /// Gives everything back.
    ///
    /// # Errors
    /// When the group refuses.
    fn unassign(&mut self) -> Result<(), Fault>;

    /// Stops and resumes reading: exactly `paused` are paused afterwards.
    ///
    /// # Errors
    /// When a partition is not assigned.
    fn pause_only(&mut self, paused: &[TopicPartition]) -> Result<(), Fault>;

    /// The stable committed offsets, waiting while a transaction decides about one.
    ///
    /// # Errors
    /// When the group does not answer in time.
    fn committed(&mut self, partitions: &[TopicPartition])
    -> Result<Vec<Option<Committed>>, Fault>;

    /// The committed offsets as they stand, never waiting: for what changes speed only.
    ///
    /// # Errors
    /// When the group does not answer in time.
    fn glance(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<Committed>>, Fault> {
        self.committed(partitions)
    }

    /// Partitions of a topic.
    ///
    /// # Errors
    /// When the topic does not exist or the cluster does not answer.
    fn partitions(&mut self, topic: &str) -> Result<i32, Fault>;

    /// The offset to begin at, by the policy of a group's first start.
    ///
    /// # Errors
    /// When the cluster does not answer.
    fn first_offset(&mut self, partition: &TopicPartition, first: FirstStart)
    -> Result<i64, Fault>;

    /// Whether nothing lies at `next` and beyond: no record, and no transaction that is still open.
    ///
    /// # Errors
    /// When the cluster does not answer.
    fn is_drained(&mut self, partition: &TopicPartition, next: i64) -> Result<bool, Fault>;

    /// Writes the batch in one transaction.
    ///
    /// # Errors
    /// Nothing of it happened, or it is not known whether it did: drop all uncommitted state and restore.
    fn commit(&mut self, batch: Batch<Self::Original>) -> Result<(), Fault>;

    /// Begins to read partitions of a compacted topic from the beginning to their true end.
    ///
    /// # Errors
    /// When the cluster does not answer.
    fn begin_restore(&mut self, topic: &str, partitions: &[i32]) -> Result<(), Fault>;

    /// Reads on; hands each record to `take` and answers whether the end was reached everywhere.
    ///
    /// # Errors
    /// When the cluster does not answer.
    fn restore(&mut self, take: &mut TakeEntry<'_>) -> Result<bool, Fault>;

    /// Leaves the group, within a few seconds.
    fn close(&mut self);
}

/// Where a group begins in a topic it has never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstStart {
    /// At the oldest record.
    Earliest,
    /// At the end: what comes from now on.
    Latest,
    /// At the first record that arrived at or after this instant.
    Since(Tick),
}

/// Wall clock and stopwatch.
pub trait Clock: Send {
    /// The wall clock.
    fn now(&self) -> Tick;
    /// Time since an arbitrary beginning; never goes back.
    fn elapsed(&self) -> Duration;
}

/// The machine's own clock.
#[derive(Debug)]
pub struct SystemClock(std::time::Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(std::time::Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Tick {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Tick(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

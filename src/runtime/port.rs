//! The ports of the runtime: the log that it reads and writes, and the clock. Production runs on Kafka, tests run in
//! memory.

use std::fmt;
use std::time::Duration;

use crate::event::{Record, Reject, Tick};
use crate::pipeline::invariant::{InvariantId, Violation};
use crate::pipeline::stage::StageError;

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

/// A committed offset with its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: i64,
    /// Our metadata; `None` if another program set the offset.
    pub metadata: Option<String>,
}

/// The offsets between which the records of a partition lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogExtent {
    /// The offset of the oldest record that is kept; `end` if there is none.
    pub first: i64,
    /// The offset after the last record, committed or not.
    pub end: i64,
    /// The offset of the first record of an open transaction; `end` if no transaction is open.
    pub stable: i64,
}

impl LogExtent {
    /// True if the partition holds no records.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.first >= self.end
    }

    /// True if a transaction is open: its records would be late once it commits.
    #[must_use]
    pub fn has_open_transaction(self) -> bool {
        self.stable < self.end
    }
}

/// A message of the log; it lives until the next poll.
pub trait Message {
    /// A copy that outlives the poll: enough to write the message again byte for byte.
    type Original;

    /// Topic.
    fn topic(&self) -> &str;
    /// Partition.
    fn partition(&self) -> i32;
    /// Offset.
    fn offset(&self) -> i64;
    /// Key.
    fn key(&self) -> Option<&[u8]>;
    /// The message as codecs read it.
    fn record(&self) -> Record<'_>;
    /// Bytes of key, payload and headers.
    fn bytes(&self) -> usize;
    /// A copy with key, payload and headers.
    fn original(&self) -> Self::Original;
}

/// What a poll brings.
#[derive(Debug)]
pub enum LogEvent<M> {
    /// A message of an assigned partition.
    Message(M),
    /// The group assigned exactly these partitions. The worker answers with [`Log::assign`].
    Assigned(Vec<TopicPartition>),
    /// The group takes all partitions back. The worker flushes and answers with [`Log::unassign`].
    Revoked,
    /// All partitions are already lost: nothing may be committed for them.
    Lost,
    /// Nothing happened within the timeout.
    Nothing,
}

/// A failure outside of this program, or a violation. The message says what to do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// It may pass by itself: the worker goes back to the last commit and tries again.
    #[error("{0}")]
    Passing(String),
    /// It does not pass by itself: the process stops, and the message says how to mend it.
    #[error("{0}")]
    Fatal(String),
    /// An invariant does not hold: count it, and stop.
    #[error("{why}")]
    Violation {
        /// The invariant.
        id: InvariantId,
        /// What was found, and what to do.
        why: String,
    },
}

impl Fault {
    /// The fault of a worker that panicked.
    pub(super) fn panicked() -> Self {
        let why = "a worker panicked: this is a bug, please report it with the log";
        Self::Fatal(why.to_owned())
    }
}

impl From<StageError> for Fault {
    fn from(error: StageError) -> Self {
        let why = error.to_string();
        match error.invariant() {
            Some(id) => Self::Violation { id, why },
            None => Self::Fatal(why),
        }
    }
}

impl From<Violation> for Fault {
    fn from(violation: Violation) -> Self {
        StageError::from(violation).into()
    }
}

/// Which partition of a topic a record goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The partition with this number.
    Partition(i32),
    /// The partition that the hash of the key gives.
    ByKey,
}

/// A record to write.
#[derive(Debug)]
pub enum Outgoing<O> {
    /// A record of ours.
    Record {
        /// Topic.
        topic: String,
        /// Partition.
        target: Target,
        /// Key.
        key: Vec<u8>,
        /// Headers, in order.
        headers: Vec<(String, String)>,
        /// Value; `None` removes the key from a compacted topic.
        value: Option<Vec<u8>>,
    },
    /// A refused record, byte for byte.
    DeadLetter {
        /// The record.
        original: O,
        /// Why.
        reason: Reject,
        /// The field of the schema that is to blame, if it is known.
        field: Option<&'static str>,
    },
}

/// Everything that one flush writes: all of it, or nothing.
#[derive(Debug)]
pub struct Batch<O> {
    /// Records, in order per partition.
    pub records: Vec<Outgoing<O>>,
    /// The offset of *every* task of the worker, advanced or not: these offsets fence a worker that was replaced.
    pub offsets: Vec<(TopicPartition, i64, String)>,
}

impl<O> Batch<O> {
    /// Bytes of our own records; dead letters are not counted.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let size = |record: &Outgoing<O>| match record {
            Outgoing::Record { key, value, .. } => key.len() + value.as_ref().map_or(0, Vec::len),
            Outgoing::DeadLetter { .. } => 0,
        };
        self.records.iter().map(size).sum::<usize>() as u64
    }
}

/// Takes one record of a compacted topic: partition, key, value. A record without a value removes the key.
pub type TakeEntry<'a> = dyn FnMut(i32, &[u8], Option<&[u8]>) + 'a;

/// The log: a consumer of a group, a transactional producer, and a reader without a group.
pub trait Log {
    /// A copy of a message that outlives the next poll.
    type Original;
    /// A message that lives until the next call.
    type Message<'a>: Message<Original = Self::Original>
    where
        Self: 'a;

    /// Waits at most `timeout` for a message or an event of the group.
    ///
    /// # Errors
    /// A fault of the connection or of the group.
    fn poll(&mut self, timeout: Duration) -> Result<LogEvent<Self::Message<'_>>, Fault>;

    /// Reads from these positions on, and nothing else.
    ///
    /// # Errors
    /// When the positions are refused.
    fn assign(&mut self, positions: &[(TopicPartition, i64)]) -> Result<(), Fault>;

    /// Gives all partitions back.
    ///
    /// # Errors
    /// When the group refuses.
    fn unassign(&mut self) -> Result<(), Fault>;

    /// Pauses exactly these partitions and resumes all others.
    ///
    /// # Errors
    /// When a partition is not assigned.
    fn pause_only(&mut self, paused: &[TopicPartition]) -> Result<(), Fault>;

    /// The stable committed offsets: waits while an open transaction may change one of them.
    ///
    /// # Errors
    /// When the group does not answer in time.
    fn committed(&mut self, partitions: &[TopicPartition])
    -> Result<Vec<Option<Committed>>, Fault>;

    /// The committed offsets without waiting. They may be out of date, so only pacing uses them.
    ///
    /// # Errors
    /// When the group does not answer in time.
    fn glance(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<Committed>>, Fault> {
        self.committed(partitions)
    }

    /// The number of partitions of a topic.
    ///
    /// # Errors
    /// When the topic does not exist or the cluster does not answer.
    fn partitions(&mut self, topic: &str) -> Result<i32, Fault>;

    /// The offset at which to begin to read.
    ///
    /// # Errors
    /// When the cluster does not answer.
    fn first_offset(&mut self, partition: &TopicPartition, first: FirstStart)
    -> Result<i64, Fault>;

    /// The extent of each partition's log, in the same order. The number of requests does not grow with the partitions.
    ///
    /// # Errors
    /// When the cluster does not answer within some seconds.
    fn extents(&mut self, partitions: &[TopicPartition]) -> Result<Vec<LogExtent>, Fault>;

    /// For each partition, true if one of its records has a timestamp at or after `since`. No record is read, and the
    /// number of requests does not grow with the partitions.
    ///
    /// # Errors
    /// When the cluster does not answer within some seconds.
    fn have_records_since(
        &mut self,
        partitions: &[TopicPartition],
        since: Tick,
    ) -> Result<Vec<bool>, Fault>;

    /// For each position, true if no committed record lies there or beyond: only control records follow up to the end.
    /// False also if that was not found out within two seconds.
    ///
    /// # Errors
    /// When the cluster does not answer.
    fn only_markers_follow(
        &mut self,
        positions: &[(TopicPartition, i64)],
    ) -> Result<Vec<bool>, Fault>;

    /// Writes the batch in one transaction. The call returns within about `within`, even if no broker answers, unless the
    /// client hangs.
    ///
    /// # Errors
    /// When nothing was written, or it is not known whether everything was: the caller drops all uncommitted state and
    /// restores.
    fn commit(&mut self, batch: Batch<Self::Original>, within: Duration) -> Result<(), Fault>;

    /// Begins to read partitions of a compacted topic, from the beginning to the end as of now.
    ///
    /// # Errors
    /// When the cluster does not answer.
    fn begin_restore(&mut self, topic: &str, partitions: &[i32]) -> Result<(), Fault>;

    /// Reads for a moment and hands each record to `take`. Returns true once all partitions were read to the end.
    ///
    /// # Errors
    /// When the cluster does not answer.
    fn restore(&mut self, take: &mut TakeEntry<'_>) -> Result<bool, Fault>;

    /// True if a broker answers a client that is made for this question. Takes some seconds if none does.
    fn brokers_answer(&mut self) -> bool;

    /// Makes all clients anew: leaves the group and joins it again. The worker then owns nothing until the group assigns.
    ///
    /// # Errors
    /// When a client cannot be created.
    fn renew(&mut self) -> Result<(), Fault>;

    /// Leaves the group, within a few seconds.
    fn close(&mut self);
}

/// Where a group begins to read a topic for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstStart {
    /// At the oldest record.
    Earliest,
    /// At the end: only new records are read.
    Latest,
    /// At the first record that arrived at or after this time.
    Since(Tick),
}

/// How far clocks of a well-kept deployment differ, in milliseconds. With NTP they agree within a fraction of a second. Up
/// to this, another clock is right and ours may be slow; it is far below any usual `time.disorder`.
const SKEW_MILLIS: i64 = 5_000;

/// Wall clock and stopwatch.
pub trait Clock: Send {
    /// The wall clock.
    fn now(&self) -> Tick;
    /// The latest time that a well-kept clock can show now. A record that is stamped later has a wrong time.
    fn latest(&self) -> Tick {
        Tick(self.now().0.saturating_add(SKEW_MILLIS))
    }
    /// Stopwatch: time since a fixed moment. It never goes back.
    fn elapsed(&self) -> Duration;
}

/// The clock of the operating system.
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

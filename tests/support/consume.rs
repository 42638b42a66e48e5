//! Reads a topic to its true end, either only committed records or everything in the log.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers, Message};
use rdkafka::topic_partition_list::Offset;

use super::broker::{ANSWER_MAX, Broker};
use super::wait::wait_for;

/// Time limit for open transactions. It is longer than the transaction timeout of a killed process (10 s by default;
/// the broker checks once a second).
const STABLE_MAX: Duration = Duration::from_secs(90);

/// Records that a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Only committed records.
    Committed,
    /// All records, including aborted ones and those of open transactions.
    Uncommitted,
}

/// Name and value of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Header {
    /// Header whose name is UTF-8.
    Named(String, Option<Vec<u8>>),
    /// Header whose name is not UTF-8. rdkafka cannot show it; `kcat -f '%h'` can.
    Unreadable,
}

/// Record as read from the topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Number of the partition.
    pub partition: i32,
    /// Offset within the partition.
    pub offset: i64,
    /// Key; `None` if absent.
    pub key: Option<Vec<u8>>,
    /// Value; `None` for a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers in order, with repeated names.
    pub headers: Vec<Header>,
    /// Timestamp in milliseconds since 1970; `None` if absent.
    pub timestamp_millis: Option<i64>,
}

impl Received {
    /// Value as text; empty for a tombstone.
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.value.as_deref().unwrap_or_default()).unwrap()
    }

    /// Value of the first header with this name, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|header| match header {
            Header::Named(n, Some(value)) if n == name => std::str::from_utf8(value).ok(),
            _ => None,
        })
    }
}

/// Detects open transactions in one partition.
pub struct OpenTransactions {
    stable: BaseConsumer,
    truth: BaseConsumer,
    topic: String,
}

impl OpenTransactions {
    /// Creates a detector for partition 0 of `topic`.
    pub fn of(broker: &Broker, topic: &str) -> Self {
        let reader = |isolation| broker.reader(isolation);
        Self {
            stable: reader(Isolation::Committed),
            truth: reader(Isolation::Uncommitted),
            topic: topic.to_owned(),
        }
    }

    /// Waits up to `patience` for an open transaction. Returns true if one was seen.
    pub fn await_one(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        let end = |reader: &BaseConsumer| reader.fetch_watermarks(&self.topic, 0, ANSWER_MAX);
        while begun.elapsed() < patience {
            // The stable end is read second. If it is still behind, the transaction is still open.
            if let (Ok((_, truth)), Ok((_, stable))) = (end(&self.truth), end(&self.stable))
                && stable < truth
            {
                return true;
            }
        }
        false
    }
}

impl Broker {
    /// Reads every record of `topic`, by partition and offset, up to the end of the log at the time of the call.
    ///
    /// A committed reader first waits until no transaction before that end is open. So transactions that a killed
    /// process left open are waited for and not skipped.
    pub fn read(&self, topic: &str, isolation: Isolation) -> Vec<Received> {
        if isolation == Isolation::Committed {
            self.await_stable(topic);
        }
        self.read_now(topic, isolation)
    }

    /// Reads like [`Broker::read`], but a committed reader stops at the first open transaction.
    pub fn read_now(&self, topic: &str, isolation: Isolation) -> Vec<Received> {
        let consumer = self.reader(isolation);
        let mut all = self.every_partition(topic);
        all.set_all_offsets(Offset::Beginning).unwrap();
        consumer.assign(&all).unwrap();
        let mut received = read_to_end(&consumer, &all);
        received.sort_by_key(|r| (r.partition, r.offset));
        received
    }

    /// End offset of each partition of `topic`, including control records and open transactions.
    pub fn ends(&self, topic: &str) -> Vec<i64> {
        ends(
            &self.reader(Isolation::Uncommitted),
            &self.every_partition(topic),
        )
    }

    /// Waits until every transaction has ended. The end offset of a committed reader is the last stable offset. When it
    /// reaches the true end, every transaction is decided.
    fn await_stable(&self, topic: &str) {
        let all = self.every_partition(topic);
        let (truth, stable) = (self.ends(topic), self.reader(Isolation::Committed));
        wait_for("every transaction to end", STABLE_MAX, || {
            let decided = ends(&stable, &all).iter().zip(&truth).all(|(s, t)| s >= t);
            decided.then_some(())
        });
    }

    fn reader(&self, isolation: Isolation) -> BaseConsumer {
        let mut config = self.config();
        config
            .set("group.id", "no-group") // required by librdkafka; never joined, nothing is committed
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "10") // the end is reported by an empty fetch, which waits this long
            .set(
                "isolation.level",
                match isolation {
                    Isolation::Committed => "read_committed",
                    Isolation::Uncommitted => "read_uncommitted",
                },
            );
        config.create().unwrap()
    }
}

fn ends(consumer: &BaseConsumer, partitions: &TopicPartitionList) -> Vec<i64> {
    let partitions = partitions.elements();
    partitions
        .iter()
        .map(|p| {
            let watermarks = consumer.fetch_watermarks(p.topic(), p.partition(), ANSWER_MAX);
            watermarks.unwrap().1
        })
        .collect()
}

/// Polls until every assigned partition has reported its end.
fn read_to_end(consumer: &BaseConsumer, assigned: &TopicPartitionList) -> Vec<Received> {
    let elements = assigned.elements();
    let mut open: BTreeSet<i32> = elements.iter().map(|e| e.partition()).collect();
    let mut received = Vec::new();
    let mut last_seen = Instant::now();
    while !open.is_empty() {
        assert!(
            last_seen.elapsed() < ANSWER_MAX,
            "no end of partitions {open:?}"
        );
        let Some(polled) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        last_seen = Instant::now();
        match polled {
            Ok(message) => received.push(receive(&message)),
            Err(KafkaError::PartitionEOF(partition)) => {
                open.remove(&partition);
            }
            Err(error) => panic!("{error}"),
        }
    }
    received
}

fn receive(message: &BorrowedMessage) -> Received {
    Received {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: message.headers().map(headers).unwrap_or_default(),
        timestamp_millis: message.timestamp().to_millis(),
    }
}

/// Reads the headers. rdkafka panics on a header name that is not UTF-8; this returns `Unreadable` instead.
fn headers(headers: &BorrowedHeaders) -> Vec<Header> {
    let one = |index| {
        let header = headers.get(index);
        Header::Named(header.key.to_owned(), header.value.map(<[u8]>::to_vec))
    };
    let guarded = |index| catch_unwind(AssertUnwindSafe(|| one(index)));
    (0..headers.count())
        .map(|index| guarded(index).unwrap_or(Header::Unreadable))
        .collect()
}

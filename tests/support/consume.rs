//! Reading a topic to its true end, as a committed reader sees it or with everything that lies in the log.

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

/// Longer than any transaction a killed process leaves open (10 s by default, and the broker looks once a second).
const STABLE_MAX: Duration = Duration::from_secs(90);

/// Which records a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Only what was committed.
    Committed,
    /// Aborted and unfinished records too.
    Uncommitted,
}

/// A header's name and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Header {
    /// One whose name is text.
    Named(String, Option<Vec<u8>>),
    /// One whose name is not UTF-8: rdkafka cannot show it; `kcat -f '%h'` can.
    Unreadable,
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Where it lies.
    pub partition: i32,
    /// Where it lies in the partition.
    pub offset: i64,
    /// The key, `None` if it has none.
    pub key: Option<Vec<u8>>,
    /// The value, `None` for a tombstone.
    pub value: Option<Vec<u8>>,
    /// In order, repetitions kept.
    pub headers: Vec<Header>,
    /// Milliseconds since 1970, `None` if it has none.
    pub timestamp_millis: Option<i64>,
}

impl Received {
    /// The value as text; empty for a tombstone.
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.value.as_deref().unwrap_or_default()).unwrap()
    }

    /// The first header of that name, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|header| match header {
            Header::Named(n, Some(value)) if n == name => std::str::from_utf8(value).ok(),
            _ => None,
        })
    }
}

/// Watches one partition for transactions that are open at this moment.
pub struct OpenTransactions {
    stable: BaseConsumer,
    truth: BaseConsumer,
    topic: String,
}

impl OpenTransactions {
    /// A watch over partition 0 of `topic`.
    pub fn of(broker: &Broker, topic: &str) -> Self {
        let reader = |isolation| broker.reader(isolation);
        Self {
            stable: reader(Isolation::Committed),
            truth: reader(Isolation::Uncommitted),
            topic: topic.to_owned(),
        }
    }

    /// Waits for an open transaction, at most for `patience`; answers whether one was seen.
    pub fn await_one(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        let end = |reader: &BaseConsumer| reader.fetch_watermarks(&self.topic, 0, ANSWER_MAX);
        while begun.elapsed() < patience {
            // The stable end is asked second: where it is still behind, the transaction is still open.
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
    /// Every record of `topic`, by partition and offset, up to the end the log had when this was called.
    ///
    /// A committed reader first waits until no transaction is open before that end: what a killed process left
    /// behind is waited for, not skipped.
    pub fn read(&self, topic: &str, isolation: Isolation) -> Vec<Received> {
        if isolation == Isolation::Committed {
            self.await_stable(topic);
        }
        self.read_now(topic, isolation)
    }

    /// As [`Broker::read`], but a committed reader stops where a transaction is still open.
    pub fn read_now(&self, topic: &str, isolation: Isolation) -> Vec<Received> {
        let consumer = self.reader(isolation);
        let mut all = self.every_partition(topic);
        all.set_all_offsets(Offset::Beginning).unwrap();
        consumer.assign(&all).unwrap();
        let mut received = read_to_end(&consumer, &all);
        received.sort_by_key(|r| (r.partition, r.offset));
        received
    }

    /// The end of each partition of `topic`, control records and open transactions included.
    pub fn ends(&self, topic: &str) -> Vec<i64> {
        ends(
            &self.reader(Isolation::Uncommitted),
            &self.every_partition(topic),
        )
    }

    /// A committed reader's "end" is the last stable offset: when it has passed the true one, all is decided.
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
            .set("group.id", "no-group") // librdkafka wants one; it is never joined and nothing is committed
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "10") // the end is reported by an empty fetch, and that one waits this long
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

/// Polls until every assigned partition has said that it is at its end.
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

/// rdkafka panics on a header name that is not UTF-8; here that is a finding, not the end of the test.
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

//! Writes records exactly as a test defines them: partition, timestamp, headers, bytes, and end of the transaction.

use std::time::Duration;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};

use super::broker::{ANSWER_MAX, Broker};

/// Record to write. `None` means absent, which differs from empty.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sent<'a> {
    /// Number of the partition.
    pub partition: i32,
    /// Key; `None` for no key.
    pub key: Option<&'a [u8]>,
    /// Value; `None` for a tombstone.
    pub value: Option<&'a [u8]>,
    /// Headers in order. Names may repeat.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
    /// Timestamp in milliseconds since 1970; `None` for the producer's clock.
    pub timestamp_millis: Option<i64>,
}

/// An idempotent producer with its own polling thread.
pub struct Producer(ThreadedProducer<DefaultProducerContext>);

impl Producer {
    /// Creates an idempotent producer without transactions.
    pub fn new(broker: &Broker) -> Self {
        Self::with(broker, &[("enable.idempotence", "true")])
    }

    /// Creates a transactional producer. It has already fenced any earlier producer with this `transactional_id`.
    pub fn transactional(broker: &Broker, transactional_id: &str) -> Self {
        let producer = Self::with(broker, &[("transactional.id", transactional_id)]);
        producer.0.init_transactions(ANSWER_MAX).unwrap();
        producer
    }

    fn with(broker: &Broker, properties: &[(&str, &str)]) -> Self {
        let mut config = broker.config();
        config.set("queue.buffering.max.messages", "1000000");
        config.set("message.max.bytes", "20000000"); // the topic alone decides if a record is too large
        for (key, value) in properties {
            config.set(*key, *value);
        }
        Self(config.create().unwrap())
    }

    /// Queues one record; waits while the local queue is full. [`Producer::flush`] waits until the broker has it.
    pub fn send(&self, topic: &str, sent: &Sent) {
        let mut record = record(topic, sent);
        while let Err((error, back)) = self.0.send(record) {
            let full =
                error.rdkafka_error_code() == Some(rdkafka::types::RDKafkaErrorCode::QueueFull);
            assert!(full, "{topic}: {error}");
            std::thread::sleep(Duration::from_millis(5));
            record = back;
        }
    }

    /// Waits until the broker has every record sent so far.
    pub fn flush(&self) {
        self.0.flush(Duration::from_secs(60)).unwrap();
    }

    /// Opens a transaction.
    pub fn begin(&self) {
        self.0.begin_transaction().unwrap();
    }

    /// Commits the open transaction.
    pub fn commit(&self) {
        self.0.commit_transaction(ANSWER_MAX).unwrap();
    }

    /// Aborts the open transaction after its records have reached the log. An abort without this flush would discard
    /// queued records.
    pub fn abort(&self) {
        self.flush();
        self.0.abort_transaction(ANSWER_MAX).unwrap();
    }
}

fn record<'a>(topic: &'a str, sent: &Sent<'a>) -> BaseRecord<'a, [u8], [u8]> {
    let mut record = BaseRecord::to(topic).partition(sent.partition);
    record.key = sent.key;
    record.payload = sent.value;
    record.timestamp = sent.timestamp_millis;
    if !sent.headers.is_empty() {
        record = record.headers(headers(sent.headers));
    }
    record
}

fn headers(pairs: &[(&str, Option<&[u8]>)]) -> OwnedHeaders {
    let empty = OwnedHeaders::new();
    pairs.iter().fold(empty, |headers, &(key, value)| {
        headers.insert(Header { key, value })
    })
}

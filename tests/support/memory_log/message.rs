//! A message of the log in memory, and the records that a commit writes.

use std::sync::Arc;

use tidegauge::event::{ArrivalTime, Record, Reject};
use tidegauge::runtime::{DeadLetter, Message, Outgoing, RefusedRecord, Target, TopicPartition};

use super::cluster::StoredRecord;

/// A message of the log in memory; it stays valid after the next poll.
#[derive(Debug, Clone)]
pub struct MemoryMessage {
    pub at: TopicPartition,
    pub offset: i64,
    pub record: Arc<StoredRecord>,
}

impl Message for MemoryMessage {
    type Original = MemoryMessage;

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

    fn bytes(&self) -> usize {
        let record = &self.record;
        let sizes = [&record.key, &record.value].map(|bytes| bytes.as_ref().map_or(0, Vec::len));
        let headers = record.headers.iter();
        let headers = headers.map(|(key, value)| key.len() + value.len());
        sizes.into_iter().chain(headers).sum()
    }

    fn original(&self) -> MemoryMessage {
        self.clone()
    }
}

/// Where dead letters go.
const DEAD_LETTERS: &str = "dead-letters";
/// Bytes of one record: what a default broker accepts.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// The record that a commit writes, and where it goes.
pub fn stored(record: Outgoing<MemoryMessage>) -> (String, Target, StoredRecord) {
    match record {
        Outgoing::Record {
            topic,
            target,
            key,
            headers,
            value,
        } => {
            let headers = headers.into_iter();
            let record = StoredRecord {
                key: Some(key),
                value,
                headers: headers
                    .map(|(key, value)| (key, value.into_bytes()))
                    .collect(),
                arrival: None,
            };
            (topic, target, record)
        }
        Outgoing::DeadLetter {
            original,
            reason,
            field,
        } => {
            let letter = dead_letter(&original, (reason, field));
            (DEAD_LETTERS.to_owned(), Target::ByKey, letter)
        }
    }
}

fn dead_letter(
    original: &MemoryMessage,
    (reason, field): (Reject, Option<&'static str>),
) -> StoredRecord {
    let record = &original.record;
    let sizes = record.headers.iter();
    let refused = RefusedRecord {
        topic: &original.at.topic,
        partition: original.at.partition,
        offset: original.offset,
        key: record.key.as_deref(),
        header_bytes: sizes.map(|(key, value)| key.len() + value.len()).sum(),
        payload: record.value.as_deref(),
        field,
    };
    let letter = DeadLetter::of(refused, reason, RECORD_BYTES_MAX);
    let kept = record.headers.iter().filter(|_| letter.keeps_headers);
    let added = letter.headers.into_iter();
    StoredRecord {
        key: letter.key.map(<[u8]>::to_vec),
        value: letter.payload.map(<[u8]>::to_vec),
        headers: kept
            .cloned()
            .chain(added.map(|(key, value)| (key.to_owned(), value.into_owned().into_bytes())))
            .collect(),
        arrival: record.arrival,
    }
}

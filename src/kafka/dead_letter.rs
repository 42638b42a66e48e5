//! Dead letters from messages of Kafka's client: the headers of the original, then ours.

use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};

use super::guard::guarded;
use crate::event::Reject;
use crate::runtime::{DeadLetter, RefusedRecord};

/// Dead letter for `original`, refused for `reason` and for this `field` of the schema, in a record of at most `record_bytes_max` bytes.
#[must_use]
pub fn dead_letter<'a>(
    original: &'a OwnedMessage,
    (reason, field): (Reject, Option<&'static str>),
    record_bytes_max: usize,
) -> DeadLetter<'a> {
    let refused = RefusedRecord {
        topic: original.topic(),
        partition: original.partition(),
        offset: original.offset(),
        key: original.key(),
        header_bytes: original.headers().map_or(0, header_bytes),
        payload: original.payload(),
        field,
    };
    DeadLetter::of(refused, reason, record_bytes_max)
}

/// Headers of `letter`: those of `original` if they fit, then ours.
#[must_use]
pub fn headers(original: &OwnedMessage, letter: &DeadLetter<'_>) -> OwnedHeaders {
    let kept = original.headers().filter(|_| letter.keeps_headers);
    let kept = kept.cloned().unwrap_or_default();
    letter.headers.iter().fold(kept, |headers, (key, value)| {
        headers.insert(Header {
            key,
            value: Some(value.as_ref()),
        })
    })
}

/// Bytes of all headers. A header whose key is not UTF-8 counts as 0, because the client cannot read it.
pub fn header_bytes(headers: &impl Headers) -> usize {
    let size = |index| {
        let header = headers.try_get(index)?;
        Some(header.key.len() + header.value.map_or(0, <[u8]>::len))
    };
    (0..headers.count())
        .filter_map(|index| guarded(|| size(index))?)
        .sum()
}

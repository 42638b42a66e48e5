//! Dead letters: a refused record byte for byte, with the headers that Kafka tools know and our stable reason code.
//!
//! A log copies the original's own headers, because only its client can read them. Everything else is decided here, so
//! that every log writes the same letters.

use std::borrow::Cow;

use crate::event::Reject;

/// Bytes kept free in a record, for our headers and Kafka's own framing.
const RESERVED_BYTES: usize = 100_000;

/// A refused record, as the log holds it.
#[derive(Debug, Clone, Copy)]
pub struct RefusedRecord<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Key.
    pub key: Option<&'a [u8]>,
    /// Bytes of all headers, keys and values.
    pub header_bytes: usize,
    /// Payload.
    pub payload: Option<&'a [u8]>,
    /// The field of the schema for which it was refused, if it is known.
    pub field: Option<&'static str>,
}

/// What to write for a refused record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter<'a> {
    /// The original's key; `None` if it had none or does not fit.
    pub key: Option<&'a [u8]>,
    /// The original's payload; `None` if it had none or does not fit.
    pub payload: Option<&'a [u8]>,
    /// True if the original's headers fit and come first.
    pub keeps_headers: bool,
    /// Our headers, in order; they follow the original's.
    pub headers: Vec<(&'static str, Cow<'a, str>)>,
}

impl<'a> DeadLetter<'a> {
    /// The letter for `original` in a record of at most `record_bytes_max`. If not everything fits, the payload is left
    /// out first, then the headers, then the key; the letter still says where the original lies.
    #[must_use]
    pub fn of(original: RefusedRecord<'a>, reason: Reject, record_bytes_max: usize) -> Self {
        let mut room = record_bytes_max.saturating_sub(RESERVED_BYTES);
        let mut fits = |bytes: usize| {
            let fits = bytes <= room;
            room -= if fits { bytes } else { 0 };
            fits
        };
        let key = original.key.filter(|key| fits(key.len()));
        let keeps_headers = fits(original.header_bytes);
        let payload = original.payload.filter(|payload| fits(payload.len()));
        let is_whole = keeps_headers && key == original.key && payload == original.payload;
        let mut headers = headers(&original, reason);
        headers.extend(
            original
                .field
                .map(|field| ("tidegauge.field", field.into())),
        );
        if !is_whole {
            headers.push(("tidegauge.pointer", "too large to copy whole".into()));
        }
        Self {
            key,
            payload,
            keeps_headers,
            headers,
        }
    }
}

fn headers<'a>(original: &RefusedRecord<'a>, reason: Reject) -> Vec<(&'static str, Cow<'a, str>)> {
    let (partition, offset) = (original.partition, original.offset);
    vec![
        ("tidegauge.reason", reason.code().into()),
        ("__connect.errors.topic", original.topic.into()),
        ("__connect.errors.partition", partition.to_string().into()),
        ("__connect.errors.offset", offset.to_string().into()),
        ("__connect.errors.stage", "VALUE_CONVERTER".into()),
        ("__connect.errors.class.name", "tidegauge.Reject".into()),
        (
            "__connect.errors.exception.message",
            reason.explanation().into(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = 100;

    /// What a record with room for 100 bytes keeps of an original: key, headers, payload; and whether it is a pointer.
    fn kept(key: usize, header_bytes: usize, payload: usize) -> (bool, bool, bool, bool) {
        let (key, payload) = (vec![1; key], vec![2; payload]);
        let original = RefusedRecord {
            topic: "scores",
            partition: 3,
            offset: 41,
            key: Some(&key),
            header_bytes,
            payload: Some(&payload),
            field: None,
        };
        let letter = DeadLetter::of(original, Reject::EmptyPayload, RESERVED_BYTES + ROOM);
        let is_pointer = letter
            .headers
            .iter()
            .any(|(key, _)| *key == "tidegauge.pointer");
        (
            letter.key.is_some(),
            letter.keeps_headers,
            letter.payload.is_some(),
            is_pointer,
        )
    }

    #[test]
    fn what_does_not_fit_is_left_out_payload_before_headers_before_key() {
        assert_eq!(kept(30, 30, 40), (true, true, true, false));
        assert_eq!(kept(30, 30, 41), (true, true, false, true));
        assert_eq!(kept(30, 71, 10), (true, false, true, true));
        assert_eq!(kept(101, 30, 10), (false, true, true, true));
        assert_eq!(kept(101, 101, 101), (false, false, false, true));
    }
}

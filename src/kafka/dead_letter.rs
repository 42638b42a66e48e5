//! Dead letters: the refused record byte for byte, with the headers that every Kafka UI knows and our stable reason code.

use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};

use super::guard::guarded;
use crate::event::Reject;

/// Bytes kept free in a letter, for our headers and Kafka's own framing.
const FRAME_BYTES: usize = 100_000;

/// A dead letter, ready to send.
pub struct DeadLetter {
    /// The original's key.
    pub key: Option<Vec<u8>>,
    /// The original's payload; `None` if it had none, or if it is too large to travel and only pointed at.
    pub payload: Option<Vec<u8>>,
    /// The original's headers and ours behind them.
    pub headers: OwnedHeaders,
}

impl DeadLetter {
    /// The letter for `original`, refused for `reason`, in a record of at most `record_bytes_max`: what does not fit is left
    /// out, payload before headers before key, and the letter points to where the original lies.
    #[must_use]
    pub fn of(mut original: OwnedMessage, reason: Reject, record_bytes_max: usize) -> Self {
        let (topic, partition, offset) = (
            original.topic().to_owned(),
            original.partition(),
            original.offset(),
        );
        let mut room = record_bytes_max.saturating_sub(FRAME_BYTES);
        let mut fits = |bytes: usize| {
            let fits = bytes <= room;
            room -= if fits { bytes } else { 0 };
            fits
        };
        let key = original.key().filter(|key| fits(key.len()));
        let key = key.map(<[u8]>::to_vec);
        let headers = original.headers().map_or(0, header_bytes);
        let with_headers = fits(headers);
        let payload = original.payload().filter(|payload| fits(payload.len()));
        let payload = payload.map(<[u8]>::to_vec);
        let is_whole = with_headers
            && key.is_some() == original.key().is_some()
            && payload.is_some() == original.payload().is_some();
        let headers = original.detach_headers().filter(|_| with_headers);
        let headers = headers.unwrap_or_else(OwnedHeaders::new);
        let headers = with(headers, "tidegauge.reason", reason.code());
        let headers = with(headers, "__connect.errors.topic", &topic);
        let headers = with(
            headers,
            "__connect.errors.partition",
            &partition.to_string(),
        );
        let headers = with(headers, "__connect.errors.offset", &offset.to_string());
        let headers = with(headers, "__connect.errors.stage", "VALUE_CONVERTER");
        let headers = with(headers, "__connect.errors.class.name", "tidegauge.Reject");
        let headers = with(
            headers,
            "__connect.errors.exception.message",
            reason.explanation(),
        );
        let headers = if is_whole {
            headers
        } else {
            with(headers, "tidegauge.pointer", "too large to copy whole")
        };
        Self {
            key,
            payload,
            headers,
        }
    }
}

/// Bytes of all headers; those of a key that is not UTF-8, which the library cannot show, count as nothing.
fn header_bytes(headers: &OwnedHeaders) -> usize {
    let size = |index| {
        let header = headers.try_get(index)?;
        Some(header.key.len() + header.value.map_or(0, <[u8]>::len))
    };
    (0..headers.count())
        .filter_map(|index| guarded(|| size(index))?)
        .sum()
}

fn with(headers: OwnedHeaders, key: &str, value: &str) -> OwnedHeaders {
    headers.insert(Header {
        key,
        value: Some(value),
    })
}

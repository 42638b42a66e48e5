//! Dead letters: the refused record byte for byte, with the headers that every Kafka UI knows and our stable reason code.

use rdkafka::message::{Header, Message, OwnedHeaders, OwnedMessage};

use crate::event::Reject;

/// Bytes of a record that a default broker takes, less room for our headers and Kafka's own framing.
const LETTER_BYTES_MAX: usize = 900_000;

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
    /// The letter for `original`, refused for `reason`.
    #[must_use]
    pub fn of(mut original: OwnedMessage, reason: Reject) -> Self {
        let (topic, partition, offset) = (
            original.topic().to_owned(),
            original.partition(),
            original.offset(),
        );
        let payload = original.payload().map(<[u8]>::to_vec);
        let key = original.key().map(<[u8]>::to_vec);
        let bytes = payload.as_ref().map_or(0, Vec::len) + key.as_ref().map_or(0, Vec::len);
        let fits = bytes <= LETTER_BYTES_MAX;
        let headers = original.detach_headers().unwrap_or_else(OwnedHeaders::new);
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
        let headers = if fits {
            headers
        } else {
            with(headers, "tidegauge.pointer", "payload too large to copy")
        };
        Self {
            key: key.filter(|_| fits),
            payload: payload.filter(|_| fits),
            headers,
        }
    }
}

fn with(headers: OwnedHeaders, key: &str, value: &str) -> OwnedHeaders {
    headers.insert(Header {
        key,
        value: Some(value),
    })
}

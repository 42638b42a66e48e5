//! Kafka message in the form of the runtime.

use rdkafka::message::{BorrowedMessage, Headers, Message as _, OwnedMessage};

use super::dead_letter::header_bytes;
use super::guard::guarded;
use crate::event::{ArrivalTime, Record};
use crate::runtime::Message;

/// Message in the memory of the client. It lives until the next poll.
#[derive(Debug)]
pub struct KafkaMessage<'a> {
    message: BorrowedMessage<'a>,
}

impl<'a> From<BorrowedMessage<'a>> for KafkaMessage<'a> {
    fn from(message: BorrowedMessage<'a>) -> Self {
        Self { message }
    }
}

impl KafkaMessage<'_> {
    /// Value of the `traceparent` header; `Err` if a header key is not UTF-8.
    fn traceparent(&self) -> Result<Option<&str>, ()> {
        let Some(headers) = self.message.headers() else {
            return Ok(None);
        };
        let find = || {
            let header = headers.iter().find(|header| header.key == "traceparent");
            // All keys are read, so that an invalid key is found at any place.
            let _keys = headers.iter().count();
            header
                .and_then(|header| header.value)
                .and_then(|value| std::str::from_utf8(value).ok())
        };
        guarded(find).ok_or(())
    }
}

impl Message for KafkaMessage<'_> {
    type Original = OwnedMessage;

    fn topic(&self) -> &str {
        self.message.topic()
    }

    fn partition(&self) -> i32 {
        self.message.partition()
    }

    fn offset(&self) -> i64 {
        self.message.offset()
    }

    fn key(&self) -> Option<&[u8]> {
        self.message.key()
    }

    fn record(&self) -> Record<'_> {
        let traceparent = self.traceparent();
        Record {
            payload: self.message.payload(),
            arrival: self
                .message
                .timestamp()
                .to_millis()
                .filter(|millis| *millis >= 0)
                .map(ArrivalTime),
            headers_readable: traceparent.is_ok(),
            traceparent: traceparent.unwrap_or(None),
        }
    }

    fn bytes(&self) -> usize {
        let size = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let headers = self.message.headers().map_or(0, header_bytes);
        size(self.message.key()) + size(self.message.payload()) + headers
    }

    fn original(&self) -> OwnedMessage {
        self.message.detach()
    }
}

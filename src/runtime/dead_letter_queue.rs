//! Refused records that wait for the next flush, bounded by number and by bytes.

use super::port::{Message, Outgoing};
use crate::event::Reject;

/// Records that force a flush: as many as a worker refuses in a second if it reads 100,000 records a second and a tenth
/// of them is bad. A transaction costs as much as some thousand dead letters, so few letters must not cause one.
const RECORDS_MAX: usize = 10_000;
/// Bytes of keys, payloads and headers that force a flush.
const BYTES_MAX: usize = 32 << 20;

/// Refused records since the last flush.
pub struct DeadLetterQueue<O> {
    letters: Vec<Outgoing<O>>,
    bytes: usize,
}

impl<O> Default for DeadLetterQueue<O> {
    fn default() -> Self {
        Self {
            letters: Vec::new(),
            bytes: 0,
        }
    }
}

impl<O> DeadLetterQueue<O> {
    /// Keeps a copy of `message`, refused for `reason` and for this field of the schema, if it is known.
    pub fn push<M: Message<Original = O>>(
        &mut self,
        message: &M,
        reason: Reject,
        field: Option<&'static str>,
    ) {
        self.bytes += message.bytes();
        self.letters.push(Outgoing::DeadLetter {
            original: message.original(),
            reason,
            field,
        });
    }

    /// True if memory requires a flush now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.letters.len() >= RECORDS_MAX || self.bytes >= BYTES_MAX
    }

    /// Hands out all records and starts again empty.
    pub fn take(&mut self) -> Vec<Outgoing<O>> {
        self.bytes = 0;
        std::mem::take(&mut self.letters)
    }
}

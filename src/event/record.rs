//! One record as it lies in Kafka, and the limits a payload must keep.

use super::time::ArrivalTime;

/// A record as read from a topic: borrowed bytes, nothing interpreted.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The value; `None` for a tombstone.
    pub payload: Option<&'a [u8]>,
    /// Kafka's record timestamp; `None` where the producer sent none.
    pub arrival: Option<ArrivalTime>,
    /// The `traceparent` header (W3C Trace Context), if there is one.
    pub traceparent: Option<&'a str>,
    /// Whether every header key is UTF-8; a record with another is refused.
    pub headers_readable: bool,
}

/// Evaluations of one event, and names of them that one scope remembers of one span of event time: each name costs up to
/// 4 KB there, so 128 KB together. Judges are few; hundreds of names are ids that were taken for names.
pub const EVALUATIONS_MAX: usize = 32;

/// What one event may at most be; beyond it the event is refused whole, before anything is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one payload.
    pub payload_bytes_max: usize,
    /// Levels of objects and arrays, the event itself being the first; beyond 126 it is held at 126.
    pub nesting_max: usize,
    /// Features of one event.
    pub features_max: usize,
    /// Bytes of an id, a model, a version, a source, or the name of a feature, a segment, a class or an evaluation.
    pub name_bytes_max: usize,
    /// Bytes of any other string that is read; fields nobody reads may hold longer ones.
    pub text_bytes_max: usize,
    /// How far an event may be ahead of its record's arrival, in milliseconds: one bad clock must not close every window.
    pub future_millis_max: i64,
    /// How far an event may lie before its record's arrival, in milliseconds: 1970 is a fault, not a replay.
    pub age_millis_max: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_bytes_max: 1 << 20, // what a default broker takes
            nesting_max: 16,
            features_max: 2_000,
            name_bytes_max: 256,
            text_bytes_max: 4_096,
            future_millis_max: 5 * 60_000,
            age_millis_max: 366 * 86_400_000,
        }
    }
}

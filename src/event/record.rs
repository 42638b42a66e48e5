//! Undecoded Kafka record, and the limits that its payload must respect.

use super::time::ArrivalTime;

/// One record as read from a topic: borrowed bytes that nothing has decoded yet.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Value of the record; `None` for a tombstone.
    pub payload: Option<&'a [u8]>,
    /// Record timestamp set by Kafka; `None` if the record has none.
    pub arrival: Option<ArrivalTime>,
    /// `traceparent` header (W3C Trace Context), if present.
    pub traceparent: Option<&'a str>,
    /// True if every header key is UTF-8. Otherwise the record is rejected.
    pub headers_readable: bool,
}

/// Maximum number of evaluations in one event, and of evaluation names that one scope keeps for one span of event time.
/// There, each name costs up to 4 KB, so all names together cost up to 128 KB. Judges are few: hundreds of names mean
/// that a producer sends ids as names.
pub const EVALUATIONS_MAX: usize = 32;

/// Largest value of [`Limits::nesting_max`]. serde_json stops at 128 levels with an error of its own, and ours must come first.
pub const NESTING_MAX: usize = 126;

/// Size limits of one event. An event beyond a limit is rejected as a whole, before anything is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Maximum size of a payload, in bytes.
    pub payload_bytes_max: usize,
    /// Maximum nesting of objects and arrays. The event itself is level 1. Values above [`NESTING_MAX`] act as
    /// [`NESTING_MAX`]; the configuration refuses them.
    pub nesting_max: usize,
    /// Maximum number of features in an event.
    pub features_max: usize,
    /// Maximum length, in bytes, of an id, a model, a version, a source, or the name of a feature, a segment, a class
    /// or an evaluation.
    pub name_bytes_max: usize,
    /// Maximum length, in bytes, of any other string that is read. Unknown fields may hold longer strings.
    pub text_bytes_max: usize,
    /// Maximum time by which an event may be ahead of its record's arrival, in milliseconds. Without this limit, one
    /// wrong clock could close every window.
    pub future_millis_max: i64,
    /// Maximum time by which an event may be older than its record's arrival, in milliseconds. A timestamp in 1970 is
    /// an error, not a replay.
    pub age_millis_max: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_bytes_max: 1 << 20, // the default limit of a Kafka broker
            nesting_max: 16,
            features_max: 2_000,
            name_bytes_max: 256,
            text_bytes_max: 4_096,
            future_millis_max: 5 * 60_000,
            age_millis_max: 366 * 86_400_000,
        }
    }
}

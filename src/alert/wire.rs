//! How all records are written: JSON, instants in RFC 3339, windows, and names that may be missing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::EventTime;
use crate::window::{Span, WindowLength};

/// A window of event time, as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRecord {
    /// Its length: `15m`, `1h`, `1d`.
    pub length: String,
    /// First instant inside, RFC 3339.
    pub start: String,
    /// First instant after, RFC 3339.
    pub end: String,
}

impl WindowRecord {
    /// The window of a span: its length is the span's.
    pub(super) fn of_span(span: Span) -> Self {
        let minutes = span.end.0.saturating_sub(span.start.0);
        let length = u32::try_from(minutes)
            .ok()
            .and_then(WindowLength::from_minutes);
        Self::of(
            length.map_or_else(|| "0m".to_owned(), WindowLength::name),
            span,
        )
    }

    pub(super) fn of(length: String, span: Span) -> Self {
        Self {
            length,
            start: instant(span.start.time()),
            end: instant(span.end.time()),
        }
    }
}

/// The JSON of a record.
#[expect(
    clippy::expect_used,
    reason = "strings, finite numbers and string keys always have a JSON form"
)]
pub(super) fn json(record: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(record).expect("a record has a JSON form")
}

/// A name, or nothing where it is empty.
pub(super) fn named(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

/// An instant in RFC 3339, held at the ends of the years -9999 to 9999.
pub(super) fn instant(time: EventTime) -> String {
    let end = if time.0 < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_millisecond(time.0)
        .unwrap_or(end)
        .to_string()
}

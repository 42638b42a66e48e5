//! Encoding that all records share: JSON, times in RFC 3339, windows, and names that may be missing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::EventTime;
use crate::window::{Span, WindowLength};

/// Window of event time, as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRecord {
    /// Length of the window: `15m`, `1h`, `1d`.
    pub length: String,
    /// Start of the window, inclusive, RFC 3339.
    pub start: String,
    /// End of the window, exclusive, RFC 3339.
    pub end: String,
}

impl WindowRecord {
    /// Window of a span, with the span's length.
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

/// JSON text of a record.
#[expect(
    clippy::expect_used,
    reason = "strings, finite numbers and string keys always have a JSON form"
)]
pub(super) fn json(record: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(record).expect("a record has a JSON form")
}

/// Name; `None` if it is empty.
pub(super) fn named(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

/// Time in RFC 3339, clamped to the years -9999 to 9999.
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

//! Instants on the pages.

use serde::Serializer;

use crate::event::EventTime;

/// RFC 3339 in UTC, to the second. A year out of range is shown as milliseconds.
#[must_use]
pub fn instant(time: EventTime) -> String {
    jiff::Timestamp::from_millisecond(time.0)
        .map_or_else(|_| time.0.to_string(), |t| t.strftime("%FT%TZ").to_string())
}

/// Serializes an instant, or `null`.
pub fn rfc3339<S: Serializer>(time: &Option<EventTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_some(&instant(*time)),
        None => serializer.serialize_none(),
    }
}

/// Serializes an instant.
pub fn rfc3339_always<S: Serializer>(time: &EventTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant(*time))
}

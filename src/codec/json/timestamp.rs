//! Event time: an RFC 3339 string with any offset, or whole milliseconds since the Unix epoch.

use std::fmt;

use jiff::Timestamp as Instant;
use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::rules::Rules;
use crate::event::{EventTime, Reject};

/// Allowed range: the years 0000 to 9999, as for strings. It lies well below 2^53, so doubles are exact in it.
const MILLIS_MIN: i64 = -62_167_219_200_000;
const MILLIS_MAX: i64 = 253_402_300_799_999;

/// Reads event time, or `None` for `null`. Fractions of a millisecond are truncated.
pub(super) struct Timestamp<'r>(pub(super) &'r Rules<'r>);

impl Timestamp<'_> {
    fn bad<E: de::Error>(&self) -> E {
        self.0.refuse(Reject::BadTimestamp)
    }
}

impl<'a> DeserializeSeed<'a> for Timestamp<'_> {
    type Value = Option<EventTime>;

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl Visitor<'_> for Timestamp<'_> {
    type Value = Option<EventTime>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a timestamp or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match rfc3339(text) {
            Some(instant) => Ok(Some(EventTime(instant.as_millisecond()))),
            None => Err(self.bad()),
        }
    }

    fn visit_i64<E: de::Error>(self, millis: i64) -> Result<Self::Value, E> {
        if (MILLIS_MIN..=MILLIS_MAX).contains(&millis) {
            Ok(Some(EventTime(millis)))
        } else {
            Err(self.bad())
        }
    }

    fn visit_u64<E: de::Error>(self, millis: u64) -> Result<Self::Value, E> {
        match i64::try_from(millis) {
            Ok(millis) => self.visit_i64(millis),
            Err(_) => Err(self.bad()),
        }
    }

    /// JSON has no integer type: to JSON Schema and to this decoder, `1.7e12` is an integer. The cast saturates, so a
    /// number that is too large stays out of range.
    fn visit_f64<E: de::Error>(self, millis: f64) -> Result<Self::Value, E> {
        if millis.trunc() == millis {
            self.visit_i64(millis as i64)
        } else {
            Err(self.bad())
        }
    }
}

/// Parses an RFC 3339 timestamp. jiff accepts more formats (the basic format, a space, zone names in brackets), but
/// only RFC 3339 is allowed.
fn rfc3339(text: &str) -> Option<Instant> {
    let shape = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let is_separated = separators.iter().all(|(at, separator)| {
        let found = shape.get(*at);
        found.is_some_and(|byte| byte.eq_ignore_ascii_case(separator))
    });
    let has_offset = matches!(
        shape,
        [.., b'Z' | b'z'] | [.., b'+' | b'-', _, _, b':', _, _]
    );
    if !is_separated || !has_offset || shape.contains(&b',') {
        return None;
    }
    text.parse().ok()
}

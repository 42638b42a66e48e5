//! Trace id, read from a field of the event or from a W3C `traceparent` header.
//!
//! Source: W3C Trace Context, <https://www.w3.org/TR/trace-context/#traceparent-header>.

use std::borrow::Cow;

use crate::event::Reject;

const ID_DIGITS: usize = 32;
const PARENT_DIGITS: usize = 16;
const HEADER_BYTES: usize = "00-".len() + ID_DIGITS + 1 + PARENT_DIGITS + "-00".len();

/// Returns the trace id in a `traceparent` header, or `None` if the header is malformed. The specification tells
/// receivers to ignore a malformed header, and such a header does not make the prediction invalid.
pub(super) fn id_of(traceparent: &str) -> Option<&str> {
    let (version, rest) = traceparent.split_once('-')?;
    let (id, rest) = rest.split_once('-')?;
    let (parent, rest) = rest.split_once('-')?;
    let flags = rest.get(..2)?;
    let longer = traceparent.get(HEADER_BYTES..)?;
    let parts = [
        (version, 2),
        (id, ID_DIGITS),
        (parent, PARENT_DIGITS),
        (flags, 2),
    ];
    let well_formed = parts
        .iter()
        .all(|(part, digits)| part.len() == *digits && is_lower_hex(part));
    let length_fits = longer.is_empty() || (version != "00" && longer.starts_with('-'));
    let valid = well_formed && length_fits && version != "ff" && !is_zero(id) && !is_zero(parent);
    valid.then_some(id)
}

/// Returns the trace id from the event's own field, in lower case. Tracers write all zeros where there is no trace, so
/// that value gives `None`.
///
/// # Errors
/// `WrongType` for anything but 32 hexadecimal digits.
pub(super) fn id(text: Cow<'_, str>) -> Result<Option<Cow<'_, str>>, Reject> {
    if text.len() != ID_DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Reject::WrongType);
    }
    if is_zero(&text) {
        return Ok(None);
    }
    if is_lower_hex(&text) {
        return Ok(Some(text));
    }
    Ok(Some(Cow::Owned(text.to_ascii_lowercase())))
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0')
}

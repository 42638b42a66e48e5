//! Why a record is refused: stable codes that stand in dead letters and metrics.

use std::fmt;

/// The reason for which a record went to the dead-letter topic; its code never changes meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reject {
    /// No payload at all (a tombstone).
    EmptyPayload,
    /// More bytes than `limits.payload_bytes`.
    PayloadTooLarge,
    /// Not a JSON text.
    NotJson,
    /// A string with a lone surrogate or bytes that are not UTF-8.
    BadUnicode,
    /// A number beyond the range of a double.
    NumberOutOfRange,
    /// Objects or arrays nested deeper than `limits.nesting`.
    TooDeep,
    /// A key that stands twice in one object.
    DuplicateKey,
    /// A known field, or the event itself, of another type than the schema says, or outside what it allows.
    WrongType,
    /// No `id`, or an empty one.
    MissingId,
    /// No `model`, or an empty one.
    MissingModel,
    /// An id, a model, a version, or the name of a feature, segment or class longer than `limits.name_bytes`.
    NameTooLong,
    /// A string longer than `limits.text_bytes`.
    TextTooLong,
    /// More features than `limits.features`.
    TooManyFeatures,
    /// A timestamp that is neither RFC 3339 nor milliseconds since the Unix epoch.
    BadTimestamp,
    /// No `timestamp`, and none on the record.
    NoTimestamp,
    /// Event time further ahead of arrival than `limits.future`.
    TimestampInFuture,
    /// Event time further before arrival than `limits.age`.
    TimestampTooOld,
    /// A header key that is not UTF-8.
    HeaderNotUtf8,
}

impl Reject {
    /// Every reason, in the order of the documentation.
    pub const ALL: [Self; 18] = [
        Self::EmptyPayload,
        Self::PayloadTooLarge,
        Self::NotJson,
        Self::BadUnicode,
        Self::NumberOutOfRange,
        Self::TooDeep,
        Self::DuplicateKey,
        Self::WrongType,
        Self::MissingId,
        Self::MissingModel,
        Self::NameTooLong,
        Self::TextTooLong,
        Self::TooManyFeatures,
        Self::BadTimestamp,
        Self::NoTimestamp,
        Self::TimestampInFuture,
        Self::TimestampTooOld,
        Self::HeaderNotUtf8,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::EmptyPayload => "empty_payload",
            Self::PayloadTooLarge => "payload_too_large",
            Self::NotJson => "not_json",
            Self::BadUnicode => "bad_unicode",
            Self::NumberOutOfRange => "number_out_of_range",
            Self::TooDeep => "too_deep",
            Self::DuplicateKey => "duplicate_key",
            Self::WrongType => "wrong_type",
            Self::MissingId => "missing_id",
            Self::MissingModel => "missing_model",
            Self::NameTooLong => "name_too_long",
            Self::TextTooLong => "text_too_long",
            Self::TooManyFeatures => "too_many_features",
            Self::BadTimestamp => "bad_timestamp",
            Self::NoTimestamp => "no_timestamp",
            Self::TimestampInFuture => "timestamp_in_future",
            Self::TimestampTooOld => "timestamp_too_old",
            Self::HeaderNotUtf8 => "header_not_utf8",
        }
    }

    /// One sentence that someone who finds the dead letter can act on; it names rules and limits, never values.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::EmptyPayload => {
                "The record has no payload: predictions need one, so do not send tombstones to this topic."
            }
            Self::PayloadTooLarge => {
                "The payload has more bytes than limits.payload_bytes: send fewer fields or raise the limit."
            }
            Self::NotJson => {
                "The payload is not one JSON text: look for another format, cut-off bytes, NaN, Infinity, or text behind the object."
            }
            Self::BadUnicode => {
                "A string holds bytes that are not UTF-8 or half of a surrogate pair: let the producer encode its text as UTF-8."
            }
            Self::NumberOutOfRange => {
                "A number is beyond the range of a 64-bit float: send null where there is no finite value."
            }
            Self::TooDeep => {
                "Objects or arrays are nested deeper than limits.nesting: flatten the event or raise the limit."
            }
            Self::DuplicateKey => {
                "A key stands twice in one object, so which value is meant is anyone's guess: send it once."
            }
            Self::WrongType => {
                "A field has another type, or a value outside what the prediction schema allows: validate the payload against it."
            }
            Self::MissingId => {
                "The event has no id, or an empty one: give every prediction an id of its own."
            }
            Self::MissingModel => "The event names no model: set the field model.",
            Self::NameTooLong => {
                "An id, a model, a version, or the name of a feature, segment or class is longer than limits.name_bytes."
            }
            Self::TextTooLong => {
                "A text is longer than limits.text_bytes: send a category, not a document."
            }
            Self::TooManyFeatures => {
                "The event has more features than limits.features: send wide inputs as one vector or raise the limit."
            }
            Self::BadTimestamp => {
                "The timestamp is neither RFC 3339 with an offset nor whole milliseconds since the Unix epoch."
            }
            Self::NoTimestamp => {
                "Neither the event nor its record has a timestamp: set the field timestamp."
            }
            Self::TimestampInFuture => {
                "The event is further ahead of its record's arrival than limits.future: check the producer's clock and unit."
            }
            Self::TimestampTooOld => {
                "The event is further behind its record's arrival than limits.age: check for seconds sent as milliseconds."
            }
            Self::HeaderNotUtf8 => {
                "A header's key is not UTF-8: look at the producer or interceptor that sets the record's headers."
            }
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_names_every_reason_once_in_the_order_of_declaration() {
        let positions: Vec<usize> = Reject::ALL.iter().map(|reason| *reason as usize).collect();
        assert_eq!(positions, (0..Reject::ALL.len()).collect::<Vec<_>>());
        // A reason added behind the last one makes `ALL` incomplete without a gap: this must then be moved on.
        assert_eq!(Reject::ALL.last(), Some(&Reject::HeaderNotUtf8));
    }

    #[test]
    fn codes_are_distinct_snake_case_and_shown() {
        let codes: BTreeSet<&str> = Reject::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reject::ALL.len());
        for reason in Reject::ALL {
            let code = reason.code();
            let is_plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            assert!(code.bytes().all(is_plain), "{code}");
            assert_eq!(reason.to_string(), code);
        }
    }

    #[test]
    fn an_explanation_is_one_sentence_that_fits_a_header() {
        for reason in Reject::ALL {
            let text = reason.explanation();
            assert!(
                text.ends_with('.') && !text.contains(". "),
                "{reason}: {text}"
            );
            assert!(
                (20..=160).contains(&text.len()),
                "{reason}: {} bytes",
                text.len()
            );
        }
    }
}

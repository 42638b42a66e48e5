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
    /// A known field of another type than the schema says.
    WrongType,
    /// No `id`, or an empty one.
    MissingId,
    /// No `model`, or an empty one.
    MissingModel,
    /// An id, model, version or feature name longer than `limits.name_bytes`.
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
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

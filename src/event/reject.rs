//! Reasons for rejecting a record: stable codes for dead letters and metrics, each with a sentence to act on.

use std::fmt;

/// Generates the enum and its lists from one table, so that no list can miss a reason. To add a reason, append one
/// entry at the end of the table.
macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident = $code:literal, $explanation:literal;)*) => {
        /// Reason for which a record went to the dead-letter topic. A code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reject {
            $($(#[$doc])* $reason,)*
        }

        impl Reject {
            /// Every reason, in the order used by the documentation.
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$reason),*];

            /// Stable code of the reason, in snake case.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$reason => $code,)*
                }
            }

            /// One sentence that tells the reader of the dead letter what to do. It names rules and limits, never
            /// values.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self {
                    $(Self::$reason => $explanation,)*
                }
            }
        }
    };
}

reasons! {
    /// The record has no payload (a tombstone).
    EmptyPayload = "empty_payload",
        "The record has no payload: predictions and labels need one, so do not send tombstones to this topic.";
    /// The payload has more bytes than `limits.payload_bytes`.
    PayloadTooLarge = "payload_too_large",
        "The payload has more bytes than limits.payload_bytes: send fewer fields or raise the limit.";
    /// The payload is not one JSON text.
    NotJson = "not_json",
        "The payload is not one JSON text: look for another format, cut-off bytes, NaN, Infinity, or text behind the object.";
    /// A string holds a lone surrogate or bytes that are not UTF-8.
    BadUnicode = "bad_unicode",
        "A string holds bytes that are not UTF-8 or half of a surrogate pair: let the producer encode its text as UTF-8.";
    /// A number is beyond the range of a double.
    NumberOutOfRange = "number_out_of_range",
        "A number is beyond the range of a 64-bit float: send null where there is no finite value.";
    /// Objects or arrays are nested deeper than `limits.nesting`.
    TooDeep = "too_deep",
        "Objects or arrays are nested deeper than limits.nesting: flatten the event or raise the limit.";
    /// A key occurs twice in one object.
    DuplicateKey = "duplicate_key",
        "A key stands twice in one object, so which value is meant is anyone's guess: send it once.";
    /// A known field, or the event itself, has another type than the schema says, or a value outside its allowed range.
    WrongType = "wrong_type",
        "A field has another type, or a value outside what the topic's schema allows: validate the payload against it.";
    /// The `id` is missing or empty.
    MissingId = "missing_id",
        "The event has no id, or an empty one: give every prediction one of its own, and a label that of its prediction.";
    /// The `model` is missing or empty.
    MissingModel = "missing_model",
        "The event names no model: set the field model.";
    /// An id, a model, a version, a source, or the name of a feature, segment, class or evaluation is longer than
    /// `limits.name_bytes`.
    NameTooLong = "name_too_long",
        "An id, a model, a version, a source, or the name of a feature, segment, class or evaluation is longer than limits.name_bytes.";
    /// A string is longer than `limits.text_bytes`.
    TextTooLong = "text_too_long",
        "A text is longer than limits.text_bytes: send a category, not a document.";
    /// The event has more features than `limits.features`.
    TooManyFeatures = "too_many_features",
        "The event has more features than limits.features: send wide inputs as one vector or raise the limit.";
    /// The timestamp is neither RFC 3339 nor milliseconds since the Unix epoch.
    BadTimestamp = "bad_timestamp",
        "The timestamp is neither RFC 3339 with an offset nor whole milliseconds since the Unix epoch.";
    /// Neither the event nor its record has a timestamp.
    NoTimestamp = "no_timestamp",
        "Neither the event nor its record has a timestamp: set the field timestamp.";
    /// Event time is ahead of arrival by more than `limits.future`, or ahead of our own clock by hours.
    TimestampInFuture = "timestamp_in_future",
        "The event is further ahead of its record's arrival than limits.future, or hours ahead of our clock: check the producer's clock and unit.";
    /// Event time is behind arrival by more than `limits.age`.
    TimestampTooOld = "timestamp_too_old",
        "The event is further behind its record's arrival than limits.age: check for seconds sent as milliseconds.";
    /// A header key is not UTF-8.
    HeaderNotUtf8 = "header_not_utf8",
        "A header's key is not UTF-8: look at the producer or interceptor that sets the record's headers.";
    /// The label has neither `label` nor `value` nor `evaluations`.
    LabelWithoutTruth = "label_without_truth",
        "The label has neither label nor value nor evaluations, so it says nothing of the prediction: send one of them.";
    /// The label has both `label` and `value`.
    LabelAndValue = "label_and_value",
        "The label has both label and value, so which of them is the truth is anyone's guess: send one of them.";
    /// The weight is not above 0 and at most 1,000,000.
    BadWeight = "bad_weight",
        "The weight of the label is not above 0 and at most 1,000,000: leave it out, since every label counts once.";
    /// The event has more than [`EVALUATIONS_MAX`](super::EVALUATIONS_MAX) evaluations.
    TooManyEvaluations = "too_many_evaluations",
        "The event has more than 32 evaluations: send the scores of few judges, and details elsewhere.";
    /// The record of the control topic is no order.
    BadOrder = "bad_order",
        "The record is no order of this version: give orders with `tidegauge reference relearn`, `approve` and `pin`.";
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

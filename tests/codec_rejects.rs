//! Bad predictions: each kind is rejected with its own stable reason, before anything is counted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use tidegauge::codec::{CODECS, EventKind};
use tidegauge::event::{ArrivalTime, Limits, Prediction, Record, Reject};

fn record(payload: &[u8]) -> Record<'_> {
    Record {
        payload: Some(payload),
        arrival: Some(ArrivalTime(0)),
        traceparent: None,
        headers_readable: true,
    }
}

fn decode(payload: &[u8]) -> Result<Prediction<'_>, Reject> {
    CODECS[0].decode(&record(payload), &Limits::default())
}

/// Valid event with `rest` after its id and model.
fn event(rest: &str) -> String {
    format!(r#"{{"id":"a","model":"m",{rest}}}"#)
}

#[track_caller]
fn refused(payload: impl AsRef<[u8]>, reason: Reject) {
    let payload = payload.as_ref();
    let shown = String::from_utf8_lossy(&payload[..payload.len().min(120)]).into_owned();
    assert_eq!(decode(payload).err(), Some(reason), "{shown}");
}

#[track_caller]
fn accepted(payload: impl AsRef<[u8]>) {
    let payload = payload.as_ref();
    let shown = String::from_utf8_lossy(&payload[..payload.len().min(120)]).into_owned();
    assert!(
        decode(payload).is_ok(),
        "{shown}: {:?}",
        decode(payload).err()
    );
}

#[test]
fn records_that_are_no_text_at_all() {
    let nothing = Record {
        payload: None,
        ..record(b"")
    };
    let limits = Limits::default();
    assert_eq!(
        CODECS[0].decode(&nothing, &limits),
        Err(Reject::EmptyPayload)
    );
    refused("", Reject::EmptyPayload);
    refused(" \n", Reject::NotJson);
    refused(b"\x00\x00\x00\x00\x01\xff\xfe avro", Reject::NotJson);
    let good = event(r#""version":"1""#);
    let unreadable = Record {
        headers_readable: false,
        ..record(good.as_bytes())
    };
    assert_eq!(
        CODECS[0].decode(&unreadable, &limits),
        Err(Reject::HeaderNotUtf8)
    );
}

#[test]
fn size_is_checked_before_anything_is_parsed() {
    refused(vec![b'x'; 10_000_000], Reject::PayloadTooLarge);
    let limits = Limits {
        payload_bytes_max: 23,
        ..Limits::default()
    };
    let fits = br#"{"id":"a","model":"mm"}"#;
    assert_eq!(fits.len(), 23);
    assert!(CODECS[0].decode(&record(fits), &limits).is_ok());
    let longer = br#"{"id":"a","model":"mmm"}"#;
    assert_eq!(
        CODECS[0].decode(&record(longer), &limits),
        Err(Reject::PayloadTooLarge)
    );
}

#[test]
fn texts_that_are_not_json() {
    for text in [
        "x",
        "{",
        r#"{"id":"a","model":"m""#,
        r#"{"id":"a","model":"m",}"#,
        r#"{id:"a"}"#,
        r#"{1:2}"#,
    ] {
        refused(text, Reject::NotJson);
    }
    refused(event(r#""version":"1""#) + "x", Reject::NotJson);
    refused(event(r#""version":"1""#) + "{}", Reject::NotJson);
    refused(
        format!("\u{feff}{}", event(r#""version":"1""#)),
        Reject::NotJson,
    );
    for bareword in [
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "01",
        "+1",
        ".5",
        "1.",
        "0x1",
        "'a'",
        "\"\\x\"",
        "\"\u{1}\"",
    ] {
        refused(
            event(&format!(r#""features":{{"x":{bareword}}}"#)),
            Reject::NotJson,
        );
        refused(event(&format!(r#""note":{bareword}"#)), Reject::NotJson);
    }
    accepted(event(r#""version":"1""#) + " \r\n\t");
}

#[test]
fn numbers_beyond_a_double() {
    let long = format!("1{}", "0".repeat(400));
    for number in ["1e400", "-1e400", "1e999999999999", &long] {
        refused(
            event(&format!(r#""features":{{"x":{number}}}"#)),
            Reject::NumberOutOfRange,
        );
        refused(
            event(&format!(r#""features":{{"x":[1,{number}]}}"#)),
            Reject::NumberOutOfRange,
        );
        refused(
            event(&format!(r#""prediction":{{"score":{number}}}"#)),
            Reject::NumberOutOfRange,
        );
        refused(
            event(&format!(r#""timestamp":{number}"#)),
            Reject::NumberOutOfRange,
        );
        refused(
            event(&format!(r#""note":[{number}]"#)),
            Reject::NumberOutOfRange,
        );
    }
}

#[test]
fn text_that_is_not_unicode() {
    for escape in [
        r"\ud800",
        r"\ud800x",
        r"\udc00",
        r"\ud800\ud800",
        r"\ud800\n",
    ] {
        refused(
            event(&format!(r#""version":"{escape}""#)),
            Reject::BadUnicode,
        );
        refused(
            event(&format!(r#""features":{{"{escape}":1}}"#)),
            Reject::BadUnicode,
        );
        refused(event(&format!(r#""note":"{escape}""#)), Reject::BadUnicode);
        refused(event(&format!(r#""{escape}":1"#)), Reject::BadUnicode);
    }
    refused(b"{\"id\":\"a\xff\",\"model\":\"m\"}", Reject::BadUnicode);
    refused(
        b" {\"id\":\"a\",\"model\":\"m\",\"note\":\"\xc3\"}",
        Reject::BadUnicode,
    );
    refused(
        b"{\"id\":\"\xed\xa0\x80\",\"model\":\"m\"}",
        Reject::BadUnicode,
    ); // a surrogate encoded in three bytes
}

#[test]
fn nesting_is_bounded_everywhere_and_never_by_the_stack() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    accepted(event(&format!(r#""note":{}"#, nested(15))));
    refused(event(&format!(r#""note":{}"#, nested(16))), Reject::TooDeep);
    refused(
        event(&format!(r#""note":{}"#, nested(1_000))),
        Reject::TooDeep,
    );
    refused(
        event(&format!(r#""note":{}"#, "[".repeat(100_000))),
        Reject::TooDeep,
    );
    refused(
        event(&format!(
            r#""usage":{{"x":{}}}"#,
            r#"{"a":"#.repeat(100_000)
        )),
        Reject::TooDeep,
    );
    refused(
        event(&format!(r#""features":{{"x":{}}}"#, "[".repeat(100_000))),
        Reject::WrongType,
    );
    refused("[".repeat(100_000), Reject::WrongType);
    for (nesting_max, rest, verdict) in [
        (1, r#""features":{"x":1}"#, Some(Reject::TooDeep)),
        (2, r#""features":{"x":1}"#, None),
        (2, r#""features":{"x":[1]}"#, Some(Reject::TooDeep)),
        (2, r#""prediction":{"scores":{}}"#, Some(Reject::TooDeep)),
        (
            3,
            r#""features":{"x":[1]},"prediction":{"scores":{}}"#,
            None,
        ),
        (usize::MAX, &format!(r#""note":{}"#, nested(125)), None),
        (
            usize::MAX,
            &format!(r#""note":{}"#, nested(126)),
            Some(Reject::TooDeep),
        ),
        (
            usize::MAX,
            &format!(r#""note":{}"#, nested(127)),
            Some(Reject::TooDeep),
        ),
    ] {
        let limits = Limits {
            nesting_max,
            ..Limits::default()
        };
        let payload = event(rest);
        let verdict_here = CODECS[0].decode(&record(payload.as_bytes()), &limits).err();
        assert_eq!(verdict_here, verdict, "{nesting_max} levels, {rest}");
    }
}

#[test]
fn keys_that_stand_twice_at_any_level() {
    for (field, value, _) in FIELDS {
        refused(
            event_with(&format!(r#""{field}":{value},"{field}":{value}"#)),
            Reject::DuplicateKey,
        );
        refused(
            event_with(&format!(r#""{field}":null,"{field}":{value}"#)),
            Reject::DuplicateKey,
        );
    }
    for rest in [
        r#""features":{"x":1,"y":2,"x":1}"#,
        r#""features":{"x":1,"y":2,"\u0078":1}"#,
        r#""prediction":{"score":1,"score":1}"#,
        r#""prediction":{"scores":{"a":1,"a":2}}"#,
        r#""prediction":{"scores":{"a":1,"a":null}}"#,
        r#""prediction":{"note":1,"note":1}"#,
        r#""segments":{"a":"x","a":"y"}"#,
        r#""usage":{"cost_usd":1,"cost_usd":1}"#,
        r#""usage":{"note":1,"note":1}"#,
        r#""note":1,"note":2"#,
        r#""note":{"a":1,"a":2}"#,
        r#""note":[{"b":{"a":1,"a":2}}]"#,
        r#""attributions":{"x":1,"x":2}"#,
        r#""evaluations":{"x":1,"x":2}"#,
        r#""evaluations":{"x":1,"x":null}"#,
        r#""evaluations":{"x":null,"x":null}"#,
    ] {
        refused(event(rest), Reject::DuplicateKey);
    }
    let mut many: Vec<String> = (0..2_000).map(|i| format!(r#""f{i}":{i}"#)).collect();
    accepted(event(&format!(r#""features":{{{}}}"#, many.join(","))));
    many[1_999] = r#""f0":0"#.to_owned();
    refused(
        event(&format!(r#""features":{{{}}}"#, many.join(","))),
        Reject::DuplicateKey,
    );
    accepted(event(
        r#""features":{"x":1},"segments":{"x":1},"prediction":{"scores":{"x":1}},"x":1"#,
    ));
}

#[test]
fn ids_and_models_that_are_missing_or_empty() {
    for payload in [
        r#"{"model":"m"}"#,
        r#"{"id":"","model":"m"}"#,
        r#"{"id":null,"model":"m"}"#,
        "{}",
    ] {
        refused(payload, Reject::MissingId);
    }
    for payload in [
        r#"{"id":"a"}"#,
        r#"{"id":"a","model":""}"#,
        r#"{"id":"a","model":null}"#,
    ] {
        refused(payload, Reject::MissingModel);
    }
}

#[test]
fn names_texts_and_features_beyond_their_limits() {
    let (fits, long) = ("n".repeat(256), "n".repeat(257));
    for field in ["id", "model", "version", "response_id"] {
        accepted(event_with(&format!(r#""{field}":"{fits}""#)));
        refused(
            event_with(&format!(r#""{field}":"{long}""#)),
            Reject::NameTooLong,
        );
    }
    for object in [
        r#""features":{"NAME":1}"#,
        r#""segments":{"NAME":1}"#,
        r#""prediction":{"scores":{"NAME":1}}"#,
        r#""evaluations":{"NAME":1}"#,
    ] {
        accepted(event(&object.replace("NAME", &fits)));
        refused(event(&object.replace("NAME", &long)), Reject::NameTooLong);
        refused(
            event(&object.replace("NAME", &(r"\u006e".to_owned() + &fits))),
            Reject::NameTooLong,
        );
    }
    let (fits, long) = ("t".repeat(4_096), "t".repeat(4_097));
    for object in [
        r#""features":{"x":"TEXT"}"#,
        r#""segments":{"x":"TEXT"}"#,
        r#""prediction":{"label":"TEXT"}"#,
    ] {
        accepted(event(&object.replace("TEXT", &fits)));
        refused(event(&object.replace("TEXT", &long)), Reject::TextTooLong);
        refused(
            event(&object.replace("TEXT", &(r"\u0074".to_owned() + &fits))),
            Reject::TextTooLong,
        );
    }
    accepted(event(&format!(r#""prompt":"{long}""#)));
    let features = |count: usize| {
        let features: Vec<String> = (0..count).map(|i| format!(r#""f{i}":0"#)).collect();
        event(&format!(r#""features":{{{}}}"#, features.join(",")))
    };
    accepted(features(2_000));
    refused(features(2_001), Reject::TooManyFeatures);
    refused(features(10_000), Reject::TooManyFeatures);
}

#[test]
fn more_evaluations_than_a_few() {
    let evaluations = |count: usize, score: &str| {
        let evaluations: Vec<String> = (0..count).map(|i| format!(r#""e{i}":{score}"#)).collect();
        event(&format!(r#""evaluations":{{{}}}"#, evaluations.join(",")))
    };
    for score in ["0.5", "null"] {
        accepted(evaluations(32, score));
        refused(evaluations(33, score), Reject::TooManyEvaluations);
    }
    let scores =
        evaluations(33, "0.5").replace("evaluations\":", "prediction\":{\"scores\":") + "}";
    accepted(scores);
}

#[test]
fn timestamps_that_name_no_instant() {
    for timestamp in [
        r#""""#,
        r#""yesterday""#,
        r#""2025-11-03""#,
        r#""2025-11-03T10:15:30""#,
        r#""2025-11-03 10:15:30Z""#,
        r#""20251103T101530Z""#,
        r#""2025-11-03T10:15Z""#,
        r#""2025-11-03T10:15:30+0100""#,
        r#""2025-11-03T10:15:30+01""#,
        r#""2025-11-03T10:15:30+01:00:30""#,
        r#""2025-11-03T10:15:30,5Z""#,
        r#""2025-11-03T10:15:30Z[UTC]""#,
        r#""2025-11-03T10:15:30+01:00[Europe/Berlin]""#,
        r#""2025-02-29T10:15:30Z""#,
        r#""2025-13-03T10:15:30Z""#,
        r#""2025-11-03T24:15:30Z""#,
        r#""2025-11-03T10:15:61Z""#,
        r#""1762164930123""#,
        "9007199254740993",
        "-9007199254740993",
        "18446744073709551615",
        "1e20",
        "1762164930123.5",
    ] {
        refused(
            event(&format!(r#""timestamp":{timestamp}"#)),
            Reject::BadTimestamp,
        );
    }
}

/// JSON types, each with a value that fields of other types reject.
const TYPES: [(&str, &str); 8] = [
    ("string", r#""\u0001?""#),
    ("boolean", "true"),
    ("integer", "1"),
    ("fraction", "0.5"),
    ("negative", "-1"),
    ("array of numbers", "[1]"),
    ("array", r#"["a"]"#),
    ("object", "{}"),
];

/// Known top-level fields of an event: name, a valid value, and the `TYPES` that the field accepts. Null always counts
/// as absent.
const FIELDS: [(&str, &str, &[&str]); 14] = [
    ("id", r#""a""#, &["string"]),
    ("model", r#""m""#, &["string"]),
    ("version", r#""1""#, &["string"]),
    ("timestamp", "1762164930123", &["integer", "negative"]),
    ("features", "{}", &["object"]),
    ("prediction", "{}", &["object"]),
    ("segments", "{}", &["object"]),
    ("variant", r#""canary""#, &[]),
    ("latency_ms", "1.5", &["integer", "fraction"]),
    ("status", r#""ok""#, &[]),
    ("usage", "{}", &["object"]),
    ("trace_id", r#""4bf92f3577b34da6a3ce929d0e0e4736""#, &[]),
    ("evaluations", "{}", &["object"]),
    ("response_id", r#""r""#, &["string"]),
];

/// Members of the objects in an event: object, member, and the `TYPES` that the member accepts.
const MEMBERS: [(&str, &str, &[&str]); 13] = [
    (
        "features",
        "x",
        &[
            "string",
            "boolean",
            "integer",
            "fraction",
            "negative",
            "array of numbers",
        ],
    ),
    (
        "segments",
        "x",
        &["string", "boolean", "integer", "fraction", "negative"],
    ),
    (
        "prediction",
        "label",
        &["string", "boolean", "integer", "negative"],
    ),
    ("prediction", "score", &["integer", "fraction", "negative"]),
    ("prediction", "scores", &["object"]),
    ("prediction", "value", &["integer", "fraction", "negative"]),
    ("usage", "input_tokens", &["integer", "fraction"]),
    ("usage", "cached_input_tokens", &["integer", "fraction"]),
    ("usage", "output_tokens", &["integer", "fraction"]),
    ("usage", "reasoning_tokens", &["integer", "fraction"]),
    ("usage", "cost_usd", &["integer", "fraction"]),
    ("evaluations", "x", &["integer", "fraction", "negative"]),
    (
        "note",
        "x",
        &[
            "string",
            "boolean",
            "integer",
            "fraction",
            "negative",
            "array of numbers",
            "array",
            "object",
        ],
    ),
];

/// Valid event with `rest`. If `rest` begins with the id or the model, it replaces that field.
fn event_with(rest: &str) -> String {
    let default = |field: &str, text: &str| {
        if rest.starts_with(&format!(r#""{field}":"#)) {
            String::new()
        } else {
            text.to_owned()
        }
    };
    format!(
        "{{{}{}{rest}}}",
        default("id", r#""id":"a","#),
        default("model", r#""model":"m","#)
    )
}

#[test]
fn every_field_refuses_every_other_type_and_takes_null_as_absence() {
    for (field, good, takes) in FIELDS {
        accepted(event_with(&format!(r#""{field}":{good}"#)));
        for (kind, value) in TYPES {
            let payload = event_with(&format!(r#""{field}":{value}"#));
            // A string or a fraction as the timestamp has its own reason.
            let reason = match (field, kind) {
                ("timestamp", "string" | "fraction") => Reject::BadTimestamp,
                _ => Reject::WrongType,
            };
            if takes.contains(&kind) {
                accepted(payload)
            } else {
                refused(payload, reason)
            }
        }
        if !["id", "model"].contains(&field) {
            accepted(event_with(&format!(r#""{field}":null"#)));
        }
    }
    for (object, member, takes) in MEMBERS {
        for (kind, value) in TYPES {
            let payload = event(&format!(r#""{object}":{{"{member}":{value}}}"#));
            if takes.contains(&kind) {
                accepted(payload)
            } else {
                refused(payload, Reject::WrongType)
            }
        }
        accepted(event(&format!(r#""{object}":{{"{member}":null}}"#)));
    }
    let scores = |value: &str| event(&format!(r#""prediction":{{"scores":{{"a":{value}}}}}"#));
    accepted(scores("0.5"));
    accepted(scores("null"));
    refused(scores("\"0.5\""), Reject::WrongType);
    for value in ["[1,null]", "[1,\"a\"]", "[[1]]", "[true]"] {
        refused(
            event(&format!(r#""features":{{"x":{value}}}"#)),
            Reject::WrongType,
        );
    }
    for payload in ["null", "[]", "1", "\"a\"", "true"] {
        refused(payload, Reject::WrongType);
    }
    for trace_id in [
        "4bf92f3577b34da6a3ce929d0e0e473",
        "4bf92f3577b34da6a3ce929d0e0e473g",
    ] {
        refused(
            event(&format!(r#""trace_id":"{trace_id}""#)),
            Reject::WrongType,
        );
    }
}

#[test]
fn all_known_fields_together_make_one_event() {
    let fields: Vec<String> = FIELDS
        .iter()
        .map(|(field, good, _)| format!(r#""{field}":{good}"#))
        .collect();
    accepted(format!("{{{}}}", fields.join(",")));
    for object in ["prediction", "usage"] {
        let members: Vec<String> = MEMBERS
            .iter()
            .filter(|(of, ..)| *of == object)
            .map(|(_, member, takes)| {
                format!(
                    r#""{member}":{}"#,
                    if takes == &["object"] { "{}" } else { "1" }
                )
            })
            .collect();
        accepted(event(&format!(r#""{object}":{{{}}}"#, members.join(","))));
    }
}

#[test]
fn the_first_fault_in_the_order_of_the_bytes_is_the_one_reported() {
    refused(r#"{"id":5,"features":{"x":NaN}}"#, Reject::WrongType);
    refused(r#"{"features":{"x":NaN},"id":5}"#, Reject::NotJson);
    refused(r#"{"id":"","timestamp":"x"}"#, Reject::BadTimestamp);
    refused(r#"{"id":""} x"#, Reject::NotJson);
}

#[test]
fn the_documentation_names_every_reason() {
    let page = include_str!("../docs/events.md");
    for reason in Reject::ALL {
        let code = reason.code();
        assert!(page.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn the_field_of_the_schema_that_is_to_blame_is_named_and_nothing_of_the_producer() {
    let limits = Limits::default();
    let named = |payload: &str, kind, reason| {
        CODECS[0].field_at_fault(payload.as_bytes(), kind, reason, &limits)
    };
    let long = "x".repeat(300);
    for (rest, reason, field) in [
        (
            r#""latency_ms":"fast""#,
            Reject::WrongType,
            Some("latency_ms"),
        ),
        (
            r#""features":{"secret":{"deep":1}},"version":7"#,
            Reject::WrongType,
            Some("version"),
        ),
        (
            r#""prediction":{"label":"a","score":"high"}"#,
            Reject::WrongType,
            Some("prediction.score"),
        ),
        (r#""prediction":7"#, Reject::WrongType, Some("prediction")),
        (
            r#""usage":{"cost_usd":-1}"#,
            Reject::WrongType,
            Some("usage.cost_usd"),
        ),
        (r#""status":"maybe""#, Reject::WrongType, Some("status")),
        (
            &format!(r#""version":"{long}""#),
            Reject::NameTooLong,
            Some("version"),
        ),
        (
            r#""timestamp":"noon""#,
            Reject::BadTimestamp,
            Some("timestamp"),
        ),
        (r#""version":"1","version":"2""#, Reject::DuplicateKey, None),
    ] {
        let payload = event(rest);
        refused(&payload, reason);
        assert_eq!(
            named(&payload, EventKind::Prediction, reason),
            field,
            "{rest}"
        );
    }
    let label = r#"{"id":"a","label":[1]}"#;
    let found = named(label, EventKind::Label, Reject::WrongType);
    assert_eq!(found, Some("label"));
    assert_eq!(named("[1]", EventKind::Prediction, Reject::WrongType), None);
    let large = format!(r#""latency_ms":"fast","unknown":"{}""#, "x".repeat(70_000));
    assert_eq!(
        named(&event(&large), EventKind::Prediction, Reject::WrongType),
        None
    );
}

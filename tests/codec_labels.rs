//! Labels: every field is read as documented, and each kind of bad label is rejected with its own stable reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::borrow::Cow;

use tidegauge::codec::CODECS;
use tidegauge::event::{
    ArrivalTime, EventTime, Label, LabelTimes, Limits, Record, Reject, Tick, Truth, label_times,
};

fn record(payload: &[u8]) -> Record<'_> {
    Record {
        payload: Some(payload),
        arrival: None,
        traceparent: None,
        headers_readable: true,
    }
}

fn decode(payload: &[u8]) -> Result<Label<'_>, Reject> {
    CODECS[0].decode_label(&record(payload), &Limits::default())
}

#[track_caller]
fn accepted(payload: &str) -> Label<'_> {
    let shown = &payload[..payload.len().min(120)];
    decode(payload.as_bytes()).expect(shown)
}

#[track_caller]
fn refused(payload: impl AsRef<[u8]>, reason: Reject) {
    let payload = payload.as_ref();
    let shown = String::from_utf8_lossy(&payload[..payload.len().min(120)]).into_owned();
    assert_eq!(decode(payload).err(), Some(reason), "{shown}");
}

/// Label for the id `a`, with `rest` after the id.
fn label(rest: &str) -> String {
    format!(r#"{{"id":"a",{rest}}}"#)
}

#[test]
fn every_field_is_read() {
    let payload = r#"{
        "source": "chargeback", "label": "fraud", "weight": 2.5, "timestamp": "2025-11-17T09:00:00.123456+01:00",
        "evaluations": {"tone": 0.25, "none": null, "length": -7}, "value": null, "id": "a-1",
        "model": 5, "anything": [{"else": null}]
    }"#;
    let expected = Label {
        id: "a-1".into(),
        truth: Some(Truth::Class("fraud".into())),
        evaluations: vec![("tone".into(), 0.25), ("length".into(), -7.0)],
        timestamp: Some(EventTime(1_763_366_400_123)),
        source: "chargeback".into(),
    };
    assert_eq!(accepted(payload), expected);
}

#[test]
fn an_id_and_one_truth_are_enough() {
    let alone = |truth, evaluations| Label {
        id: "a".into(),
        truth,
        evaluations,
        ..Label::default()
    };
    let class = alone(Some(Truth::Class("x".into())), vec![]);
    assert_eq!(accepted(&label(r#""label":"x""#)), class);
    let nulls = r#""label":"x","value":null,"evaluations":null,"timestamp":null,"weight":null,"source":null"#;
    assert_eq!(accepted(&label(nulls)), class);
    let value = alone(Some(Truth::Value(-1.5)), vec![]);
    assert_eq!(accepted(&label(r#""value":-1.5"#)), value);
    assert_eq!(accepted(&label(r#""value":-1.5,"label":null"#)), value);
    let evaluations = alone(None, vec![("tone".into(), 1.0)]);
    assert_eq!(accepted(&label(r#""evaluations":{"tone":1}"#)), evaluations);
}

#[test]
fn a_true_class_is_written_like_a_predicted_one() {
    for (written, class) in [
        (r#""1""#, "1"),
        ("1", "1"),
        ("1.0", "1"),
        ("-1", "-1"),
        ("false", "false"),
        (r#""""#, ""),
    ] {
        let payload = label(&format!(r#""label":{written}"#));
        let truth = accepted(&payload).truth;
        assert_eq!(truth, Some(Truth::Class(class.into())), "{written}");
    }
}

#[test]
fn text_is_borrowed_unless_it_holds_an_escape() {
    let payload =
        r#"{"id":"ü","label":"€","source":"human","evaluations":{"tone":1,"t\u006fne2":1}}"#;
    let read = accepted(payload);
    let is_borrowed = |text: &Cow<'_, str>| matches!(text, Cow::Borrowed(_));
    assert!(is_borrowed(&read.id) && is_borrowed(&read.source));
    assert!(matches!(read.truth, Some(Truth::Class(Cow::Borrowed("€")))));
    assert!(is_borrowed(&read.evaluations[0].0));
    assert_eq!(read.evaluations[1].0, "tone2");
}

#[test]
fn records_that_hold_no_object() {
    let tombstone = Record {
        payload: None,
        ..record(b"")
    };
    let limits = Limits::default();
    assert_eq!(
        CODECS[0].decode_label(&tombstone, &limits),
        Err(Reject::EmptyPayload)
    );
    let good = label(r#""label":"x""#);
    let unreadable = Record {
        headers_readable: false,
        ..record(good.as_bytes())
    };
    assert_eq!(
        CODECS[0].decode_label(&unreadable, &limits),
        Err(Reject::HeaderNotUtf8)
    );
    refused("", Reject::EmptyPayload);
    refused(vec![b'{'; (1 << 20) + 1], Reject::PayloadTooLarge);
    refused(&good[..good.len() - 1], Reject::NotJson);
    refused(good.clone() + "x", Reject::NotJson);
    refused(label(r#""label":NaN"#), Reject::NotJson);
    refused(b"{\"id\":\"\xff\"}", Reject::BadUnicode);
    refused(label(r#""label":"\ud800""#), Reject::BadUnicode);
    for payload in ["null", "[]", "1", "\"a\""] {
        refused(payload, Reject::WrongType);
    }
}

#[test]
fn labels_of_nothing_and_labels_that_say_nothing_or_too_much() {
    for payload in [
        r#"{"label":"x"}"#,
        r#"{"id":"","label":"x"}"#,
        r#"{"id":null}"#,
        "{}",
    ] {
        refused(payload, Reject::MissingId);
    }
    refused(r#"{"id":"a"}"#, Reject::LabelWithoutTruth);
    for rest in [
        r#""label":null"#,
        r#""label":null,"value":null,"evaluations":null"#,
        r#""evaluations":{}"#,
        r#""evaluations":{"tone":null}"#,
        r#""weight":1,"source":"human""#,
    ] {
        refused(label(rest), Reject::LabelWithoutTruth);
    }
    refused(label(r#""label":"x","value":1"#), Reject::LabelAndValue);
    refused(
        label(r#""value":0,"evaluations":{"tone":1},"label":"""#),
        Reject::LabelAndValue,
    );
}

#[test]
fn weights_are_checked_and_forgotten() {
    let weighed = |weight: &str| label(&format!(r#""label":"x","weight":{weight}"#));
    for weight in ["1", "0.001", "5e-324", "1000000", "1e6", "null"] {
        let without = label(r#""label":"x""#);
        assert_eq!(accepted(&weighed(weight)), accepted(&without), "{weight}");
    }
    for weight in ["0", "-0.0", "1e-400", "-1", "1000000.1", "1e300"] {
        refused(weighed(weight), Reject::BadWeight);
    }
    refused(weighed("1e400"), Reject::NumberOutOfRange);
    refused(weighed(r#""1""#), Reject::WrongType);
}

#[test]
fn fields_of_another_type() {
    for rest in [
        r#""label":0.5"#,
        r#""label":[]"#,
        r#""label":{}"#,
        r#""value":"1""#,
        r#""value":true"#,
        r#""evaluations":1"#,
        r#""evaluations":[]"#,
        r#""evaluations":{"tone":"1"}"#,
        r#""evaluations":{"tone":true}"#,
        r#""timestamp":true"#,
        r#""source":1"#,
        r#""source":[]"#,
    ] {
        refused(label(rest), Reject::WrongType);
    }
    refused(r#"{"id":5,"label":"x"}"#, Reject::WrongType);
    refused(label(r#""value":1e400"#), Reject::NumberOutOfRange);
    refused(
        label(r#""evaluations":{"tone":-1e400}"#),
        Reject::NumberOutOfRange,
    );
    for timestamp in [r#""yesterday""#, "1.5", r#""2025-11-17T08:00:00""#] {
        let payload = label(&format!(r#""label":"x","timestamp":{timestamp}"#));
        refused(payload, Reject::BadTimestamp);
    }
}

#[test]
fn keys_that_stand_twice() {
    for field in [
        r#""id":"a""#,
        r#""label":"x""#,
        r#""value":1"#,
        r#""evaluations":{"tone":1}"#,
        r#""timestamp":0"#,
        r#""weight":1"#,
        r#""source":"s""#,
        r#""note":1"#,
    ] {
        let twice = format!(r#"{{{field},{field}}}"#);
        refused(twice, Reject::DuplicateKey);
    }
    for evaluations in [
        r#"{"tone":1,"tone":1}"#,
        r#"{"tone":1,"t\u006fne":1}"#,
        r#"{"tone":1,"tone":null}"#,
    ] {
        let payload = label(&format!(r#""evaluations":{evaluations}"#));
        refused(payload, Reject::DuplicateKey);
    }
    refused(label(r#""note":{"a":1,"a":2}"#), Reject::DuplicateKey);
}

#[test]
fn names_texts_levels_and_evaluations_beyond_their_limits() {
    let name = |length: usize| "n".repeat(length);
    for (payload, reason) in [
        (r#"{"id":"LONG","value":1}"#, Reject::NameTooLong),
        (
            r#"{"id":"a","value":1,"source":"LONG"}"#,
            Reject::NameTooLong,
        ),
        (
            r#"{"id":"a","evaluations":{"LONG":1}}"#,
            Reject::NameTooLong,
        ),
    ] {
        accepted(&payload.replace("LONG", &name(256)));
        refused(payload.replace("LONG", &name(257)), reason);
    }
    let class = r#"{"id":"a","label":"LONG"}"#;
    accepted(&class.replace("LONG", &name(4_096)));
    refused(class.replace("LONG", &name(4_097)), Reject::TextTooLong);
    let evaluations = |count: usize| {
        let scores: Vec<String> = (0..count).map(|i| format!(r#""e{i}":0"#)).collect();
        label(&format!(r#""evaluations":{{{}}}"#, scores.join(",")))
    };
    assert_eq!(accepted(&evaluations(32)).evaluations.len(), 32);
    refused(evaluations(33), Reject::TooManyEvaluations);
    refused(evaluations(10_000), Reject::TooManyEvaluations);
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    accepted(&label(&format!(r#""value":1,"note":{}"#, nested(15))));
    refused(label(&format!(r#""note":{}"#, nested(16))), Reject::TooDeep);
    let flat = Limits {
        nesting_max: 1,
        ..Limits::default()
    };
    let nested = label(r#""evaluations":{"tone":1}"#);
    let verdict = CODECS[0].decode_label(&record(nested.as_bytes()), &flat);
    assert_eq!(verdict, Err(Reject::TooDeep));
}

#[test]
fn the_first_fault_in_the_order_of_the_bytes_is_the_one_reported() {
    refused(r#"{"id":5,"weight":0}"#, Reject::WrongType);
    refused(r#"{"weight":0,"id":5}"#, Reject::BadWeight);
    refused(r#"{"id":"","label":"x","value":1}"#, Reject::MissingId);
    refused(r#"{"id":"a","label":"x","value":1} x"#, Reject::NotJson);
    refused(r#"{"id":"a","note":1,"note":1}"#, Reject::DuplicateKey);
}

#[test]
fn the_times_of_a_decoded_label() {
    let arrival_millis = 1_763_366_400_000;
    let times = |payload: &str| {
        let record = Record {
            arrival: Some(ArrivalTime(arrival_millis)),
            ..record(payload.as_bytes())
        };
        let limits = Limits::default();
        label_times(&accepted(payload), &record, Tick(arrival_millis), &limits)
    };
    let made = |made: i64| LabelTimes {
        made: EventTime(made),
        arrival: EventTime(arrival_millis),
    };
    let stamped = |timestamp: i64| label(&format!(r#""label":"x","timestamp":{timestamp}"#));
    let (day, minute) = (86_400_000, 60_000);
    for (millis, verdict) in [
        (-30 * day, Ok(made(arrival_millis - 30 * day))),
        (-367 * day, Err(Reject::TimestampTooOld)),
        (5 * minute, Ok(made(arrival_millis + 5 * minute))),
        (5 * minute + 1, Err(Reject::TimestampInFuture)),
    ] {
        assert_eq!(
            times(&stamped(arrival_millis + millis)),
            verdict,
            "{millis}"
        );
    }
    assert_eq!(times(&label(r#""label":"x""#)), Ok(made(arrival_millis)));
}

//! Good predictions: every field is read as documented, text is borrowed where possible, and unusual but valid values
//! are accepted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::borrow::Cow;

use tidegauge::codec::CODECS;
use tidegauge::event::{
    EventTime, Limits, Prediction, PredictionStatus, Record, Usage, Value, Variant,
};

fn record(payload: &str) -> Record<'_> {
    Record {
        payload: Some(payload.as_bytes()),
        arrival: None,
        traceparent: None,
        headers_readable: true,
    }
}

#[track_caller]
fn decode(payload: &str) -> Prediction<'_> {
    CODECS[0]
        .decode(&record(payload), &Limits::default())
        .expect(payload)
}

fn event(rest: &str) -> String {
    format!(r#"{{"id":"a","model":"m",{rest}}}"#)
}

#[test]
fn every_field_is_read() {
    let payload = r#"{
        "id": "a-1", "model": "fraud", "version": "7", "timestamp": "2025-11-03T11:15:30.123456+01:00",
        "features": {"amount": 12.5, "age": null, "country": "DE", "new": true, "count": -3, "embedding": [1, 2.5]},
        "prediction": {"label": "legit", "score": 0.25, "scores": {"legit": 0.75, "fraud": 0.25}, "value": -1e-3},
        "segments": {"tier": "gold", "shop": 17, "rate": 0.5, "vip": false, "none": null},
        "variant": "shadow", "latency_ms": 11, "status": "error",
        "usage": {"input_tokens": 100, "cached_input_tokens": 60, "output_tokens": 20, "reasoning_tokens": 5, "cost_usd": 0.02},
        "trace_id": "4BF92F3577B34DA6A3CE929D0E0E4736",
        "evaluations": {"faithfulness": 0.9, "tone": null, "length": -7}, "response_id": "resp-1", "attributions": {"amount": 0.1}, "feature_timestamps": {"amount": 1},
        "anything": [{"else": null}]
    }"#;
    let expected = Prediction {
        id: "a-1".into(),
        model: "fraud".into(),
        version: "7".into(),
        timestamp: Some(EventTime(1_762_164_930_123)),
        features: vec![
            ("amount".into(), Value::Number(12.5)),
            ("age".into(), Value::Null),
            ("country".into(), Value::Text("DE".into())),
            ("new".into(), Value::Bool(true)),
            ("count".into(), Value::Number(-3.0)),
            ("embedding".into(), Value::Vector),
        ],
        label: Some("legit".into()),
        score: Some(0.25),
        scores: vec![("legit".into(), 0.75), ("fraud".into(), 0.25)],
        value: Some(-0.001),
        segments: vec![
            ("tier".into(), "gold".into()),
            ("shop".into(), "17".into()),
            ("rate".into(), "0.5".into()),
            ("vip".into(), "false".into()),
        ],
        variant: Variant::Shadow,
        latency_ms: Some(11.0),
        status: PredictionStatus::Error,
        usage: Usage {
            input_tokens: Some(100.0),
            cached_input_tokens: Some(60.0),
            output_tokens: Some(20.0),
            reasoning_tokens: Some(5.0),
            cost_usd: Some(0.02),
        },
        evaluations: vec![("faithfulness".into(), 0.9), ("length".into(), -7.0)],
        response_id: Some("resp-1".into()),
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
    };
    assert_eq!(decode(payload), expected);
}

#[test]
fn only_id_and_model_are_needed() {
    let expected = Prediction {
        id: "a".into(),
        model: "m".into(),
        ..Prediction::default()
    };
    assert_eq!(decode(r#"{"id":"a","model":"m"}"#), expected);
    let nulls = r#""version":null,"timestamp":null,"features":null,"prediction":null,"segments":null,"variant":null,
        "latency_ms":null,"status":null,"usage":null,"trace_id":null,"evaluations":null,"response_id":null"#;
    assert_eq!(decode(&event(nulls)), expected);
    let empty = r#""evaluations":{},"response_id":"""#;
    assert_eq!(decode(&event(empty)), expected);
}

#[test]
fn text_is_borrowed_unless_it_holds_an_escape() {
    let plain = event(
        r#""version":"ü","features":{"x":"€"},"prediction":{"label":1},"segments":{"k":"v"}"#,
    );
    let plain = decode(&plain);
    let is_borrowed = |text: &Cow<'_, str>| matches!(text, Cow::Borrowed(_));
    assert!(
        [&plain.id, &plain.model, &plain.version]
            .into_iter()
            .all(is_borrowed)
    );
    assert!(is_borrowed(&plain.features[0].0) && is_borrowed(plain.label.as_ref().unwrap()));
    assert!(matches!(
        &plain.features[0].1,
        Value::Text(Cow::Borrowed("€"))
    ));
    assert!(is_borrowed(&plain.segments[0].0) && is_borrowed(&plain.segments[0].1));

    let escaped = event(r#""v\u0065rsion":"\u00fc\n","features":{"\u0078":"\ud83c\udf0a"}"#);
    let escaped = decode(&escaped);
    assert_eq!(escaped.version, "ü\n");
    assert_eq!(
        escaped.features,
        vec![("x".into(), Value::Text("🌊".into()))]
    );
}

#[test]
fn numbers_become_the_nearest_double() {
    for (text, number) in [
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("18446744073709551615", 18_446_744_073_709_551_615.0),
        ("-9223372036854775808", -9_223_372_036_854_775_808.0),
        ("123456789012345678901234567890", 1.234_567_890_123_456_8e29),
        ("1e-400", 0.0),
        ("0.1", 0.1),
        ("1.7976931348623157e308", f64::MAX),
        ("5e-324", 5e-324),
        ("2.2250738585072011e-308", 2.225_073_858_507_201e-308),
    ] {
        let payload = event(&format!(r#""features":{{"x":{text}}}"#));
        assert_eq!(
            decode(&payload).features[0].1,
            Value::Number(number),
            "{text}"
        );
    }
}

#[test]
fn a_class_is_text_however_it_is_written() {
    for (written, class) in [
        (r#""1""#, "1"),
        ("1", "1"),
        ("1.0", "1"),
        ("10", "10"),
        ("-1", "-1"),
        ("true", "true"),
        (r#""""#, ""),
        ("18446744073709551615", "18446744073709551615"),
    ] {
        let payload = event(&format!(
            r#""prediction":{{"label":{written}}},"segments":{{"s":{written}}}"#
        ));
        let prediction = decode(&payload);
        assert_eq!(prediction.label.as_deref(), Some(class), "{written}");
        assert_eq!(prediction.segments[0].1, class, "{written}");
    }
    let payload = event(r#""segments":{"a":1e300,"b":-2.50}"#);
    let expected: [(Cow<'_, str>, Cow<'_, str>); 2] =
        [("a".into(), "1e300".into()), ("b".into(), "-2.5".into())];
    assert_eq!(decode(&payload).segments, expected);
}

#[test]
fn event_time_is_rfc_3339_or_milliseconds() {
    for (timestamp, millis) in [
        ("1762164930123", 1_762_164_930_123),
        ("1.762164930123e12", 1_762_164_930_123),
        ("0", 0),
        ("-1", -1),
        (r#""2025-11-03T10:15:30Z""#, 1_762_164_930_000),
        (r#""2025-11-03t10:15:30z""#, 1_762_164_930_000),
        (r#""2025-11-03T10:15:30.5Z""#, 1_762_164_930_500),
        (r#""2025-11-03T10:15:30.123999999Z""#, 1_762_164_930_123),
        (r#""2025-11-03T10:15:30.123+00:00""#, 1_762_164_930_123),
        (r#""2025-11-03T10:15:30-00:00""#, 1_762_164_930_000),
        (r#""2025-11-03T04:45:30.123-05:30""#, 1_762_164_930_123),
        (r#""2024-02-29T00:00:00Z""#, 1_709_164_800_000),
        (r#""1969-12-31T23:59:59.999Z""#, -1),
        (r#""2016-12-31T23:59:60Z""#, 1_483_228_799_000), // a leap second counts as the second before it
    ] {
        let payload = event(&format!(r#""timestamp":{timestamp}"#));
        assert_eq!(
            decode(&payload).timestamp,
            Some(EventTime(millis)),
            "{timestamp}"
        );
    }
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[test]
fn the_trace_id_comes_from_the_field_else_from_a_well_formed_header() {
    let header = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let decode = |payload: &str, header: &str| {
        let record = Record {
            traceparent: Some(header),
            ..record(payload)
        };
        let prediction = CODECS[0]
            .decode(&record, &Limits::default())
            .expect(payload);
        prediction.trace_id.map(Cow::into_owned)
    };
    let none = r#"{"id":"a","model":"m"}"#;
    assert_eq!(decode(none, &header).as_deref(), Some(TRACE));
    assert_eq!(
        decode(none, &header.replacen("00", "cc", 1)).as_deref(),
        Some(TRACE)
    );
    assert_eq!(
        decode(none, &(header.replacen("00", "cc", 1) + "-more")).as_deref(),
        Some(TRACE)
    );
    let own = event(r#""trace_id":"0123456789abcdef0123456789abcdef""#);
    assert_eq!(
        decode(&own, &header).as_deref(),
        Some("0123456789abcdef0123456789abcdef")
    );
    let zero = event(r#""trace_id":"00000000000000000000000000000000""#);
    assert_eq!(decode(&zero, &header).as_deref(), Some(TRACE));
    for malformed in [
        String::new(),
        "00".to_owned(),
        TRACE.to_owned(),
        header.to_uppercase(),
        header.replacen("00", "ff", 1),
        header.clone() + "-more",
        header.clone() + "x",
        header.replacen("00", "cc", 1) + "x",
        header.replace(TRACE, &"0".repeat(32)),
        header.replace("00f067aa0ba902b7", "0000000000000000"),
        header.replace("4b", "é"),
        header.replace('-', "_"),
        format!("00-{TRACE}-00f067aa0ba902b7-0"),
        format!("00-{TRACE}-00f067aa0ba902b7-é"),
    ] {
        assert_eq!(decode(none, &malformed), None, "{malformed}");
    }
}

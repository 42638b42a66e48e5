//! The published schema and the decoder agree: what one takes or refuses for its structure, so does the other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use tidegauge::codec::CODECS;
use tidegauge::event::{Limits, Record};

const SCHEMA: &str = include_str!("../schemas/prediction.schema.json");

/// Each stands behind `"id":"a","model":"m",`.
const GOOD: [&str; 22] = [
    r#""version":"7""#,
    r#""timestamp":"2025-11-03T10:15:30.123Z""#,
    r#""timestamp":"2025-11-03T10:15:30+05:30""#,
    r#""timestamp":1762164930123"#,
    r#""timestamp":1762164930123.0"#,
    r#""timestamp":253402300799999"#,
    r#""timestamp":-62167219200000"#,
    r#""features":{"x":1.5,"y":"DE","z":true,"n":null,"v":[1,2.5],"e":[]}"#,
    r#""prediction":{"label":"legit","score":0.25,"scores":{"a":0.5,"b":null},"value":-7}"#,
    r#""prediction":{"label":true}"#,
    r#""prediction":{"label":3}"#,
    r#""prediction":{"label":3.0}"#,
    r#""prediction":{"note":[{}]}"#,
    r#""segments":{"a":"x","b":1,"c":0.5,"d":false,"e":null}"#,
    r#""variant":"canary""#,
    r#""status":"error""#,
    r#""latency_ms":0"#,
    r#""usage":{"input_tokens":1,"cost_usd":0.5,"note":"x"}"#,
    r#""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736""#,
    r#""evaluations":{"a":1},"attributions":[],"feature_timestamps":"?","else":{"a":[null]}"#,
    r#""version":null,"timestamp":null,"features":null,"prediction":null,"segments":null"#,
    r#""variant":null,"latency_ms":null,"status":null,"usage":null,"trace_id":null"#,
];

/// The same, each wrong in its structure.
const BAD: [&str; 30] = [
    r#""version":7"#,
    r#""timestamp":"yesterday""#,
    r#""timestamp":"2025-11-03T10:15:30""#,
    r#""timestamp":"2025-11-03 10:15:30Z""#,
    r#""timestamp":"2025-11-03T10:15:30.1234567891Z""#,
    r#""timestamp":"2025-11-03T10:15:30.Z""#,
    r#""timestamp":1.5"#,
    r#""timestamp":253402300800000"#,
    r#""timestamp":-62167219200001"#,
    r#""timestamp":true"#,
    r#""features":[]"#,
    r#""features":{"x":{}}"#,
    r#""features":{"x":[null]}"#,
    r#""features":{"x":["a"]}"#,
    r#""prediction":0.5"#,
    r#""prediction":{"label":0.5}"#,
    r#""prediction":{"label":[]}"#,
    r#""prediction":{"score":"0.5"}"#,
    r#""prediction":{"scores":{"a":"b"}}"#,
    r#""prediction":{"value":false}"#,
    r#""segments":{"a":[]}"#,
    r#""segments":"a""#,
    r#""variant":"blue""#,
    r#""status":"OK""#,
    r#""latency_ms":-1"#,
    r#""latency_ms":"1""#,
    r#""usage":{"cost_usd":-0.01}"#,
    r#""usage":{"input_tokens":"1"}"#,
    r#""trace_id":"4bf9""#,
    r#""trace_id":1"#,
];

fn validator() -> jsonschema::Validator {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::draft202012::new(&schema).expect("the schema compiles")
}

fn decodes(payload: &str) -> bool {
    let record = Record {
        payload: Some(payload.as_bytes()),
        arrival: None,
        traceparent: None,
        headers_readable: true,
    };
    CODECS[0].decode(&record, &Limits::default()).is_ok()
}

#[test]
fn schema_and_decoder_take_and_refuse_the_same_structures() {
    let validator = validator();
    let inside = |rest: &&str| format!(r#"{{"id":"a","model":"m",{rest}}}"#);
    let bare = [
        "{}",
        r#"{"id":"a"}"#,
        r#"{"model":"m"}"#,
        r#"{"id":"","model":"m"}"#,
        r#"{"id":1,"model":"m"}"#,
    ]
    .into_iter()
    .chain([r#"{"id":"a","model":null}"#, "[]", "null", "1"])
    .map(str::to_owned);
    let long = |field: &str, length: usize| inside(&&*field.replace("LONG", &"n".repeat(length)));
    let names = [
        r#""version":"LONG""#,
        r#""features":{"LONG":1}"#,
        r#""segments":{"LONG":1}"#,
    ];
    let texts = [
        r#""features":{"x":"LONG"}"#,
        r#""prediction":{"label":"LONG"}"#,
    ];
    let wide = |count: usize| {
        let features: Vec<String> = (0..count).map(|i| format!(r#""f{i}":0"#)).collect();
        inside(&&*format!(r#""features":{{{}}}"#, features.join(",")))
    };
    let good = GOOD
        .iter()
        .map(inside)
        .chain(names.iter().map(|name| long(name, 256)))
        .chain(texts.iter().map(|text| long(text, 4_096)))
        .chain([wide(2_000)])
        .map(|payload| (payload, true));
    let bad = BAD
        .iter()
        .map(inside)
        .chain(bare)
        .chain(names.iter().map(|name| long(name, 257)))
        .chain(texts.iter().map(|text| long(text, 4_097)))
        .chain([wide(2_001)])
        .map(|payload| (payload, false));
    for (payload, verdict) in good.chain(bad) {
        let value = serde_json::from_str(&payload).expect("every example is JSON");
        let shown = &payload[..payload.len().min(120)];
        assert_eq!(validator.is_valid(&value), verdict, "the schema on {shown}");
        assert_eq!(decodes(&payload), verdict, "the decoder on {shown}");
    }
}

#[test]
fn every_field_of_the_schema_is_described_and_its_examples_decode() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let fields = schema["properties"].as_object().expect("the fields");
    assert_eq!(fields.len(), 15);
    for (field, rules) in fields {
        assert!(
            rules["description"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{field}"
        );
        for example in rules["examples"].as_array().into_iter().flatten() {
            let mut event = serde_json::json!({"id": "a", "model": "m"});
            event[field] = example.clone();
            assert!(decodes(&event.to_string()), "{field}: {example}");
            assert!(validator().is_valid(&event), "{field}: {example}");
        }
    }
}

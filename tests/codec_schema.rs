//! The published schema and the decoder must agree: both accept or both reject a payload because of its structure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use tidegauge::codec::CODECS;
use tidegauge::event::{Limits, Record};

const PREDICTION: &str = include_str!("../schemas/prediction.schema.json");
const LABEL: &str = include_str!("../schemas/label.schema.json");

/// Valid members. Each follows `"id":"a","model":"m",`.
const GOOD: [&str; 24] = [
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
    r#""evaluations":{"a":1,"b":-0.5,"c":null},"response_id":"r""#,
    r#""evaluations":{},"response_id":"""#,
    r#""attributions":[],"feature_timestamps":"?","else":{"a":[null]}"#,
    r#""version":null,"timestamp":null,"features":null,"prediction":null,"segments":null"#,
    r#""variant":null,"latency_ms":null,"status":null,"usage":null,"trace_id":null,"evaluations":null,"response_id":null"#,
];

/// Members with an invalid structure. Each follows `"id":"a","model":"m",`.
const BAD: [&str; 34] = [
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
    r#""evaluations":0.5"#,
    r#""evaluations":{"a":"0.5"}"#,
    r#""evaluations":{"a":true}"#,
    r#""response_id":1"#,
];

fn validator(schema: &str) -> jsonschema::Validator {
    let schema: serde_json::Value = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::draft202012::new(&schema).expect("the schema compiles")
}

fn record(payload: &str) -> Record<'_> {
    Record {
        payload: Some(payload.as_bytes()),
        arrival: None,
        traceparent: None,
        headers_readable: true,
    }
}

fn decodes(payload: &str) -> bool {
    let decoded = CODECS[0].decode(&record(payload), &Limits::default());
    decoded.is_ok()
}

fn label_decodes(payload: &str) -> bool {
    let decoded = CODECS[0].decode_label(&record(payload), &Limits::default());
    decoded.is_ok()
}

/// `field` with `LONG` replaced by a text of `length` bytes.
fn long(field: &str, length: usize) -> String {
    field.replace("LONG", &"n".repeat(length))
}

/// Object `name` with `count` members.
fn wide(name: &str, count: usize) -> String {
    let members: Vec<String> = (0..count).map(|i| format!(r#""m{i}":0"#)).collect();
    format!(r#""{name}":{{{}}}"#, members.join(","))
}

/// Asserts that the schema and the decoder both give the expected result for each payload.
fn agree(schema: &str, decodes: fn(&str) -> bool, payloads: impl Iterator<Item = (String, bool)>) {
    let validator = validator(schema);
    for (payload, verdict) in payloads {
        let value = serde_json::from_str(&payload).expect("every example is JSON");
        let shown = &payload[..payload.len().min(120)];
        assert_eq!(validator.is_valid(&value), verdict, "the schema on {shown}");
        assert_eq!(decodes(&payload), verdict, "the decoder on {shown}");
    }
}

#[test]
fn schema_and_decoder_take_and_refuse_the_same_predictions() {
    let inside = |rest: &str| format!(r#"{{"id":"a","model":"m",{rest}}}"#);
    let bare = [
        "{}",
        r#"{"id":"a"}"#,
        r#"{"model":"m"}"#,
        r#"{"id":"","model":"m"}"#,
        r#"{"id":1,"model":"m"}"#,
        r#"{"id":"a","model":null}"#,
        "[]",
        "null",
        "1",
    ];
    let names = [
        r#""version":"LONG""#,
        r#""features":{"LONG":1}"#,
        r#""segments":{"LONG":1}"#,
        r#""evaluations":{"LONG":1}"#,
        r#""response_id":"LONG""#,
    ];
    let texts = [
        r#""features":{"x":"LONG"}"#,
        r#""prediction":{"label":"LONG"}"#,
    ];
    let good = GOOD
        .iter()
        .map(|rest| (*rest).to_owned())
        .chain(names.iter().map(|name| long(name, 256)))
        .chain(texts.iter().map(|text| long(text, 4_096)))
        .chain([wide("features", 2_000), wide("evaluations", 32)])
        .map(|rest| (inside(&rest), true));
    let bad = BAD
        .iter()
        .map(|rest| (*rest).to_owned())
        .chain(names.iter().map(|name| long(name, 257)))
        .chain(texts.iter().map(|text| long(text, 4_097)))
        .chain([wide("features", 2_001), wide("evaluations", 33)])
        .map(|rest| inside(&rest))
        .chain(bare.map(str::to_owned))
        .map(|payload| (payload, false));
    agree(PREDICTION, decodes, good.chain(bad));
}

/// Valid members of a label. Each follows `"id":"a",`.
const GOOD_LABELS: [&str; 18] = [
    r#""label":"fraud""#,
    r#""label":"""#,
    r#""label":true"#,
    r#""label":1"#,
    r#""label":-1.0"#,
    r#""label":"a","value":null"#,
    r#""value":0"#,
    r#""value":-1.5e300,"label":null"#,
    r#""evaluations":{"tone":0.5}"#,
    r#""evaluations":{"tone":17,"length":-1,"none":null}"#,
    r#""evaluations":{},"value":1"#,
    r#""evaluations":{"tone":null},"label":"a""#,
    r#""evaluations":{"tone":1},"label":"a""#,
    r#""label":"a","timestamp":"2025-11-17T08:00:00+01:00","weight":1000000,"source":"chargeback""#,
    r#""label":"a","timestamp":1763366400000,"weight":1e-300,"source":"""#,
    r#""label":"a","timestamp":null,"weight":null,"source":null,"evaluations":null"#,
    r#""label":"a","model":"m","version":7,"features":"?""#,
    r#""label":"a","note":[{"a":null}]"#,
];

/// Members of a label with an invalid structure. Each follows `"id":"a",`.
const BAD_LABELS: [&str; 25] = [
    r#""note":1"#,
    r#""label":null"#,
    r#""value":null"#,
    r#""label":null,"value":null,"evaluations":null"#,
    r#""evaluations":{}"#,
    r#""evaluations":{"tone":null}"#,
    r#""label":"a","value":1"#,
    r#""label":"a","value":1,"evaluations":{"tone":1}"#,
    r#""label":0.5"#,
    r#""label":[]"#,
    r#""label":{}"#,
    r#""value":"1""#,
    r#""value":true"#,
    r#""evaluations":1"#,
    r#""evaluations":[1]"#,
    r#""evaluations":{"tone":"1"}"#,
    r#""label":"a","timestamp":"yesterday""#,
    r#""label":"a","timestamp":1.5"#,
    r#""label":"a","timestamp":true"#,
    r#""label":"a","weight":0"#,
    r#""label":"a","weight":-1"#,
    r#""label":"a","weight":1000000.5"#,
    r#""label":"a","weight":"1""#,
    r#""label":"a","source":1"#,
    r#""label":"a","source":["human"]"#,
];

#[test]
fn schema_and_decoder_take_and_refuse_the_same_labels() {
    let inside = |rest: &str| format!(r#"{{"id":"a",{rest}}}"#);
    let bare = [
        "{}",
        r#"{"id":"a"}"#,
        r#"{"label":"a"}"#,
        r#"{"id":"","label":"a"}"#,
        r#"{"id":null,"label":"a"}"#,
        r#"{"id":1,"label":"a"}"#,
        "[]",
        "null",
        "1",
    ];
    let names = [
        r#""evaluations":{"LONG":1}"#,
        r#""value":1,"source":"LONG""#,
    ];
    let good = GOOD_LABELS
        .iter()
        .map(|rest| (*rest).to_owned())
        .chain(names.iter().map(|name| long(name, 256)))
        .chain([long(r#""label":"LONG""#, 4_096), wide("evaluations", 32)])
        .map(|rest| (inside(&rest), true));
    let bad = BAD_LABELS
        .iter()
        .map(|rest| (*rest).to_owned())
        .chain(names.iter().map(|name| long(name, 257)))
        .chain([long(r#""label":"LONG""#, 4_097), wide("evaluations", 33)])
        .map(|rest| inside(&rest))
        .chain(bare.map(str::to_owned))
        .map(|payload| (payload, false));
    agree(LABEL, label_decodes, good.chain(bad));
    let id = |length: usize| long(r#"{"id":"LONG","value":1}"#, length);
    let ids = [(id(256), true), (id(257), false)];
    agree(LABEL, label_decodes, ids.into_iter());
}

/// Asserts that each field has a description, and that its examples make valid events of `base`. Returns the number of
/// fields.
fn examples_decode(schema: &str, base: &serde_json::Value, decodes: fn(&str) -> bool) -> usize {
    let rules: serde_json::Value = serde_json::from_str(schema).expect("the schema is JSON");
    let fields = rules["properties"].as_object().expect("the fields");
    for (field, rules) in fields {
        let description = rules["description"].as_str();
        assert!(description.is_some_and(|text| text.len() > 10), "{field}");
        for example in rules["examples"].as_array().into_iter().flatten() {
            let mut event = base.clone();
            event[field] = example.clone();
            assert!(decodes(&event.to_string()), "{field}: {example}");
            assert!(validator(schema).is_valid(&event), "{field}: {example}");
        }
    }
    fields.len()
}

#[test]
fn every_field_of_the_schemas_is_described_and_its_examples_decode() {
    let prediction = serde_json::json!({"id": "a", "model": "m"});
    assert_eq!(examples_decode(PREDICTION, &prediction, decodes), 16);
    let label = serde_json::json!({"id": "a", "evaluations": {"tone": 1}});
    assert_eq!(examples_decode(LABEL, &label, label_decodes), 7);
}

//! Mutated payloads: decoding must not panic, must end, and must return an event or a reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::collections::BTreeMap;

use tidegauge::codec::CODECS;
use tidegauge::event::{Limits, Record, Reject, Truth};

const PREDICTIONS: [&str; 4] = [
    r#"{"id":"a","model":"m","timestamp":"2025-11-03T10:15:30.123Z","features":{"x":1.5e3,"y":"DE","z":null,"v":[1,2]}}"#,
    r#"{"model":"m","id":"\u00fc\ud83c\udf0a","prediction":{"label":true,"score":0.5,"scores":{"a":1,"b":-0.0},"value":7}}"#,
    r#"{"id":"b","model":"m","segments":{"tier":"gold","n":17},"usage":{"input_tokens":12,"cost_usd":0.1},"latency_ms":3,"status":"ok"}"#,
    r#"{"id":"c","model":"m","version":"1","variant":"canary","timestamp":1762164930123,"note":[{"a":[[{}]]},"\n",false],"evaluations":{"tone":0.5,"none":null},"response_id":"r"}"#,
];

const LABELS: [&str; 4] = [
    r#"{"id":"a","label":"fraud","timestamp":"2025-11-17T08:00:00.5+01:00","source":"chargeback"}"#,
    r#"{"value":-1.5e3,"id":"\u00fc\ud83c\udf0a","weight":2.5,"label":null,"timestamp":1763366400000}"#,
    r#"{"id":"b","evaluations":{"tone":0.25,"faithfulness":1,"none":null},"source":"judge","weight":1e6}"#,
    r#"{"id":"c","label":true,"evaluations":{"tone":-0.0},"note":[{"a":[[{}]]},"\n",false]}"#,
];

/// Fragments that are written over or into a payload: JSON syntax, and bytes that often break parsers.
const PIECES: [&[u8]; 20] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"1e400",
    b"-",
    b"NaN",
    b"null",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"99999999999999999999",
    b"\"id\":\"a\",",
    b"{\"a\":",
];

fn mutate(random: &mut fastrand::Rng, bytes: &mut Vec<u8>) {
    let at = random.usize(..=bytes.len());
    let end = (at + random.usize(..8)).min(bytes.len());
    match random.u8(..5) {
        0 => drop(bytes.drain(at..end)),
        1 => bytes.truncate(at),
        2 => bytes[at..end]
            .iter_mut()
            .for_each(|byte| *byte = random.u8(..)),
        3 => drop(bytes.splice(
            at..end,
            random.choice(PIECES).unwrap_or_default().iter().copied(),
        )),
        _ => {
            let copy = bytes[at..end].to_vec();
            let to = random.usize(..=bytes.len());
            drop(bytes.splice(to..to, copy));
        }
    }
}

fn record(bytes: &[u8]) -> Record<'_> {
    Record {
        payload: Some(bytes),
        arrival: None,
        traceparent: None,
        headers_readable: true,
    }
}

/// Mutates `seeds` 20,000 times. `read` decodes a payload and returns the reason if it is rejected.
fn break_them(seeds: [&str; 4], read: fn(&[u8]) -> Option<Reject>) {
    let mut random = fastrand::Rng::with_seed(20_251_103);
    let mut outcomes: BTreeMap<Option<Reject>, u32> = BTreeMap::new();
    for turn in 0..20_000 {
        let mut bytes = seeds[turn % seeds.len()].as_bytes().to_vec();
        for _ in 0..random.usize(1..4) {
            mutate(&mut random, &mut bytes);
        }
        let outcome = read(&bytes);
        if outcome.is_none() {
            let text = std::str::from_utf8(&bytes).expect("accepted bytes are text");
            serde_json::from_str::<serde_json::Value>(text).expect("accepted text is JSON");
        }
        *outcomes.entry(outcome).or_default() += 1;
    }
    assert!(
        outcomes[&None] > 500,
        "enough survive to mean something: {outcomes:?}"
    );
    assert!(
        outcomes.len() >= 8,
        "and the rest break in many ways: {outcomes:?}"
    );
}

fn read_prediction(bytes: &[u8]) -> Option<Reject> {
    let decoded = CODECS[0].decode(&record(bytes), &Limits::default());
    if let Ok(event) = &decoded {
        assert!(!event.id.is_empty() && !event.model.is_empty());
        assert_ne!(event.response_id.as_deref(), Some(""));
        let again = CODECS[0].decode(&record(bytes), &Limits::default());
        assert_eq!(decoded, again);
    }
    decoded.err()
}

fn read_label(bytes: &[u8]) -> Option<Reject> {
    let decoded = CODECS[0].decode_label(&record(bytes), &Limits::default());
    if let Ok(label) = &decoded {
        assert!(!label.id.is_empty());
        assert!(label.truth.is_some() || !label.evaluations.is_empty());
        if let Some(Truth::Value(value)) = label.truth {
            assert!(value.is_finite());
        }
        assert!(label.evaluations.iter().all(|(_, score)| score.is_finite()));
        let again = CODECS[0].decode_label(&record(bytes), &Limits::default());
        assert_eq!(decoded, again);
    }
    decoded.err()
}

#[test]
fn twenty_thousand_broken_predictions_end_in_an_event_or_a_reason() {
    break_them(PREDICTIONS, read_prediction);
}

#[test]
fn twenty_thousand_broken_labels_end_in_a_label_or_a_reason() {
    break_them(LABELS, read_label);
}

//! Culprit: the field of our schema for which an event was rejected, found afterwards.
//!
//! Decoding stays one pass that knows one reason. A rejected event is looked at again: each field that the schema knows is decoded in
//! an event of its own, and the first that is rejected for the same reason is named. Only names of the schema are given: names
//! of features, segments and judges are the producer's. **Rejected.** A place in every error of the decoder: each good event would pay.

use serde_json::{Map, Value, json};

use crate::codec::EventKind;
use crate::event::Reject;

/// Larger payloads are not looked at again: the search decodes every field once more.
const PAYLOAD_BYTES_MAX: usize = 64 << 10;
/// Fields of a prediction. Below an object that the schema knows, its members are named.
const OF_PREDICTIONS: [(&str, &[(&str, &str)]); 14] = [
    ("id", &[]),
    ("model", &[]),
    ("version", &[]),
    ("timestamp", &[]),
    ("features", &[]),
    (
        "prediction",
        &[
            ("label", "prediction.label"),
            ("score", "prediction.score"),
            ("scores", "prediction.scores"),
            ("value", "prediction.value"),
        ],
    ),
    ("segments", &[]),
    ("variant", &[]),
    ("latency_ms", &[]),
    ("status", &[]),
    (
        "usage",
        &[
            ("input_tokens", "usage.input_tokens"),
            ("cached_input_tokens", "usage.cached_input_tokens"),
            ("output_tokens", "usage.output_tokens"),
            ("reasoning_tokens", "usage.reasoning_tokens"),
            ("cost_usd", "usage.cost_usd"),
        ],
    ),
    ("trace_id", &[]),
    ("evaluations", &[]),
    ("response_id", &[]),
];
/// Fields of a label.
const OF_LABELS: [(&str, &[(&str, &str)]); 7] = [
    ("id", &[]),
    ("label", &[]),
    ("value", &[]),
    ("evaluations", &[]),
    ("timestamp", &[]),
    ("weight", &[]),
    ("source", &[]),
];

/// The field of `payload` for which `decode` gives `reason`; `None` if no field gives it alone.
pub(super) fn culprit(
    payload: &[u8],
    kind: EventKind,
    reason: Reject,
    decode: impl Fn(&[u8]) -> Result<(), Reject>,
) -> Option<&'static str> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return None;
    }
    let event: Map<String, Value> = serde_json::from_slice(payload).ok()?;
    let (fields, base): (&[_], _) = match kind {
        EventKind::Prediction => (&OF_PREDICTIONS, json!({"id": "i", "model": "m"})),
        EventKind::Label => (&OF_LABELS, json!({"id": "i"})),
    };
    if decode(base.to_string().as_bytes()) == Err(reason) {
        return None; // what is missing is no field's fault
    }
    let is_refused = |field: &str, value: Value| {
        let mut alone = base.clone();
        if let Some(members) = alone.as_object_mut() {
            members.insert(field.to_owned(), value);
        }
        decode(alone.to_string().as_bytes()) == Err(reason)
    };
    for (field, members) in fields {
        let Some(value) = event.get(*field) else {
            continue;
        };
        if !is_refused(field, value.clone()) {
            continue;
        }
        let inner = members.iter().find(|(member, _)| {
            let own = value.get(*member);
            own.is_some_and(|own| is_refused(field, json!({ *member: own })))
        });
        return Some(inner.map_or(*field, |(_, name)| *name));
    }
    None
}

//! JSON of payments and labels, as in `schemas/prediction.schema.json` and `schemas/label.schema.json`.

use serde::Serialize;

use super::labels::DemoLabel;
use super::traffic::{DemoEvent, MODEL, VERSION};

#[derive(Serialize)]
struct Payload<'a> {
    id: &'a str,
    model: &'static str,
    version: &'static str,
    timestamp: i64,
    features: Features,
    segments: Segments,
    prediction: Answer,
    latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

#[derive(Serialize)]
struct Features {
    amount: f64,
    country: &'static str,
    device: &'static str,
    merchant_category: &'static str,
    age: Option<u32>,
    account_age_days: u32,
    velocity_1h: u32,
    is_foreign: bool,
}

#[derive(Serialize)]
struct Segments {
    card: &'static str,
}

#[derive(Serialize)]
struct Answer {
    label: &'static str,
    score: f64,
}

/// Encodes a payment as the value of a record: about 360 bytes.
///
/// # Errors
/// Never in practice: every field can be written as JSON.
pub fn encode(event: &DemoEvent) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Payload {
        id: &event.id,
        model: MODEL,
        version: VERSION,
        timestamp: event.time.0,
        features: Features {
            amount: event.amount,
            country: event.country,
            device: event.device,
            merchant_category: event.category,
            age: event.age,
            account_age_days: event.account_age_days,
            velocity_1h: event.velocity_1h,
            is_foreign: event.is_foreign,
        },
        segments: Segments { card: event.card },
        prediction: Answer {
            label: event.label(),
            score: event.score,
        },
        latency_ms: event.latency_ms,
        trace_id: event.trace_id.map(|id| format!("{id:032x}")),
    })
}

#[derive(Serialize)]
struct Truth<'a> {
    id: &'a str,
    label: &'static str,
    source: &'static str,
}

/// Encodes a label as the value of a record. It has no timestamp: a label is made when it is sent.
///
/// # Errors
/// Never in practice: every field can be written as JSON.
pub fn encode_label(label: &DemoLabel) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Truth {
        id: &label.id,
        label: if label.is_fraud { "fraud" } else { "legit" },
        source: label.source,
    })
}

//! JSON, the default format: one pass from the bytes to the event, without building a tree.
//!
//! serde_json tokenizes. The seeds in this directory define the type of each value and write it straight into the
//! [`Prediction`] or [`Label`]. Text stays borrowed from the payload unless it holds an escape. The first fault in the
//! order of the bytes is the one reported. The rules of `docs/events.md` are implemented here only, except the limits
//! on timestamps (see `event_time` in the `event` module).

mod culprit;
mod event;
mod features;
mod label;
mod names;
mod number;
mod object;
mod outcome;
mod rules;
mod seen;
mod skip;
mod text;
mod timestamp;
mod word;

use serde::de::Deserializer;

use self::event::EventMembers;
use self::label::LabelEvent;
use self::object::{Members, Object};
use self::rules::Rules;
use super::{Codec, EventKind, trace};
use crate::event::{Label, Limits, Prediction, Record, Reject};

/// The JSON format.
pub struct Json;

impl Codec for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn decode<'a>(&self, record: &Record<'a>, limits: &Limits) -> Result<Prediction<'a>, Reject> {
        let text = payload_text(record, limits)?;
        let rules = Rules::new(limits);
        let mut prediction = Prediction::default();
        parse(
            text,
            &rules,
            &mut EventMembers::new(&rules, text.len(), &mut prediction),
        )?;
        if prediction.id.is_empty() {
            return Err(Reject::MissingId);
        }
        if prediction.model.is_empty() {
            return Err(Reject::MissingModel);
        }
        if prediction.trace_id.is_none() {
            prediction.trace_id = record.traceparent.and_then(trace::id_of).map(Into::into);
        }
        Ok(prediction)
    }

    fn decode_label<'a>(&self, record: &Record<'a>, limits: &Limits) -> Result<Label<'a>, Reject> {
        let text = payload_text(record, limits)?;
        let rules = Rules::new(limits);
        let mut label = LabelEvent::new(&rules);
        parse(text, &rules, &mut label)?;
        label.finish()
    }

    fn field_at_fault(
        &self,
        payload: &[u8],
        kind: EventKind,
        reason: Reject,
        limits: &Limits,
    ) -> Option<&'static str> {
        culprit::culprit(payload, kind, reason, |payload| {
            let record = Record {
                payload: Some(payload),
                arrival: None,
                traceparent: None,
                headers_readable: true,
            };
            match kind {
                EventKind::Prediction => self.decode(&record, limits).map(drop),
                EventKind::Label => self.decode_label(&record, limits).map(drop),
            }
        })
    }
}

/// Returns the payload as text, after the checks that need no parsing.
fn payload_text<'a>(record: &Record<'a>, limits: &Limits) -> Result<&'a str, Reject> {
    if !record.headers_readable {
        return Err(Reject::HeaderNotUtf8);
    }
    let payload = record.payload.filter(|payload| !payload.is_empty());
    let payload = payload.ok_or(Reject::EmptyPayload)?;
    if payload.len() > limits.payload_bytes_max {
        return Err(Reject::PayloadTooLarge);
    }
    std::str::from_utf8(payload).map_err(|_| not_text(payload))
}

/// Chooses the reason for a payload that is not UTF-8. A payload that starts like an object is JSON with broken text.
/// Any other payload (Avro, for example) never was JSON.
fn not_text(payload: &[u8]) -> Reject {
    if payload.trim_ascii_start().starts_with(b"{") {
        Reject::BadUnicode
    } else {
        Reject::NotJson
    }
}

/// Reads `text`, which must be exactly one object, into `members`.
fn parse<'a>(
    text: &'a str,
    rules: &Rules<'_>,
    members: &mut impl Members<'a>,
) -> Result<(), Reject> {
    let mut source = serde_json::Deserializer::from_str(text);
    source
        .deserialize_map(Object::new(rules, 1, members))
        .and_then(|()| source.end())
        .map_err(|error| rules.reason(&error))
}

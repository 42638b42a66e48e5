//! Top-level fields of a prediction event, and the seed that reads each of them.

use std::borrow::Cow;

use serde::de::{self, MapAccess};

use super::features::Features;
use super::number::Number;
use super::object::{Members, Object};
use super::outcome::{OutcomeMembers, Pairs, UsageMembers};
use super::rules::Rules;
use super::seen::SeenMembers;
use super::text::{Choice, Text};
use super::timestamp::Timestamp;
use super::word::CategoryText;
use crate::codec::trace;
use crate::event::{Prediction, PredictionStatus, Variant};

/// Nesting level of the objects directly inside an event.
const INSIDE: usize = 2;

/// Reads the members of the event and writes them into a prediction.
pub(super) struct EventMembers<'a, 'r, 'm> {
    rules: &'r Rules<'r>,
    payload_bytes: usize,
    seen: SeenMembers<'a, 'r>,
    into: &'m mut Prediction<'a>,
}

impl<'a, 'r, 'm> EventMembers<'a, 'r, 'm> {
    /// Starts an event whose payload has `payload_bytes` bytes. That size gives the initial capacity for features.
    pub(super) fn new(
        rules: &'r Rules<'r>,
        payload_bytes: usize,
        into: &'m mut Prediction<'a>,
    ) -> Self {
        Self {
            rules,
            payload_bytes,
            seen: SeenMembers::new(rules, INSIDE - 1),
            into,
        }
    }
}

impl<'a> Members<'a> for EventMembers<'a, '_, '_> {
    fn member<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        let (rules, seen, into) = (self.rules, &mut self.seen, &mut *self.into);
        match &*key {
            "id" => into.id = seen.once(0, map, Text::name(rules))?.unwrap_or_default(),
            "model" => into.model = seen.once(1, map, Text::name(rules))?.unwrap_or_default(),
            "version" => into.version = seen.once(2, map, Text::name(rules))?.unwrap_or_default(),
            "timestamp" => into.timestamp = seen.once(3, map, Timestamp(rules))?,
            "features" => {
                let into = &mut into.features;
                let mut features = Features::new(rules, INSIDE, self.payload_bytes, into);
                seen.once(4, map, Object::new(rules, INSIDE, &mut features))?;
            }
            "prediction" => {
                let mut outcome = OutcomeMembers::new(rules, INSIDE, into);
                seen.once(5, map, Object::new(rules, INSIDE, &mut outcome))?;
            }
            "segments" => {
                let mut segments = Pairs::new(rules, CategoryText::segment, &mut into.segments);
                seen.once(6, map, Object::new(rules, INSIDE, &mut segments))?;
            }
            "variant" => {
                let choice = Choice::new(rules, variant);
                into.variant = seen.once(7, map, choice)?.unwrap_or_default();
            }
            "latency_ms" => into.latency_ms = seen.once(8, map, Number::amount(rules))?,
            "status" => {
                let choice = Choice::new(rules, status);
                into.status = seen.once(9, map, choice)?.unwrap_or_default();
            }
            "usage" => {
                let mut usage = UsageMembers::new(rules, INSIDE, &mut into.usage);
                seen.once(10, map, Object::new(rules, INSIDE, &mut usage))?;
            }
            "trace_id" => {
                if let Some(text) = seen.once(11, map, Text::plain(rules))? {
                    into.trace_id = trace::id(text).map_err(|reason| rules.refuse(reason))?;
                }
            }
            "evaluations" => {
                let mut scores = Pairs::evaluations(rules, &mut into.evaluations);
                seen.once(12, map, Object::new(rules, INSIDE, &mut scores))?;
            }
            "response_id" => {
                let id = seen.once(13, map, Text::name(rules))?;
                into.response_id = id.filter(|id| !id.is_empty());
            }
            _ => seen.other(key, map)?,
        }
        Ok(())
    }

    fn close<E: de::Error>(&mut self) -> Result<(), E> {
        self.seen.close()
    }
}

fn variant(word: &str) -> Option<Variant> {
    match word {
        "default" => Some(Variant::Default),
        "canary" => Some(Variant::Canary),
        "shadow" => Some(Variant::Shadow),
        _ => None,
    }
}

fn status(word: &str) -> Option<PredictionStatus> {
    match word {
        "ok" => Some(PredictionStatus::Ok),
        "error" => Some(PredictionStatus::Error),
        _ => None,
    }
}

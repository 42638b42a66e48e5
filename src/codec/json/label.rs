//! A label event: what was right, what a judge thinks, when and by whom it was said.

use std::borrow::Cow;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess};

use super::number::Number;
use super::object::{Members, Object, SeenMembers};
use super::outcome::Pairs;
use super::rules::Rules;
use super::text::Text;
use super::timestamp::Timestamp;
use super::word::CategoryText;
use crate::event::{Label, Reject, Truth};

/// The level of the objects in a label.
const INSIDE: usize = 2;

/// What a weight may at most be; a producer that sends more has taken something else for one.
const WEIGHT_MAX: f64 = 1e6;

/// The members of the label, kept apart until all have been read: only then is it known which of them is the truth.
pub(super) struct LabelEvent<'a, 'r> {
    rules: &'r Rules<'r>,
    seen: SeenMembers<'a, 'r>,
    label: Label<'a>,
    class: Option<Cow<'a, str>>,
    value: Option<f64>,
}

impl<'a, 'r> LabelEvent<'a, 'r> {
    pub(super) fn new(rules: &'r Rules<'r>) -> Self {
        Self {
            rules,
            seen: SeenMembers::new(rules, INSIDE - 1),
            label: Label::default(),
            class: None,
            value: None,
        }
    }

    /// The label, if it is about something and says something, and one thing only.
    ///
    /// # Errors
    /// `MissingId`, `LabelAndValue`, `LabelWithoutTruth`.
    pub(super) fn finish(self) -> Result<Label<'a>, Reject> {
        let mut label = self.label;
        if label.id.is_empty() {
            return Err(Reject::MissingId);
        }
        label.truth = match (self.class, self.value) {
            (Some(_), Some(_)) => return Err(Reject::LabelAndValue),
            (Some(class), None) => Some(Truth::Class(class)),
            (None, Some(value)) => Some(Truth::Value(value)),
            (None, None) if label.evaluations.is_empty() => return Err(Reject::LabelWithoutTruth),
            (None, None) => None,
        };
        Ok(label)
    }
}

impl<'a> Members<'a> for LabelEvent<'a, '_> {
    fn member<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        let (rules, seen, into) = (self.rules, &mut self.seen, &mut self.label);
        match &*key {
            "id" => into.id = seen.once(0, map, Text::name(rules))?.unwrap_or_default(),
            "label" => self.class = seen.once(1, map, CategoryText::class(rules))?,
            "value" => self.value = seen.once(2, map, Number::any(rules))?,
            "evaluations" => {
                let mut scores = Pairs::evaluations(rules, &mut into.evaluations);
                seen.once(3, map, Object::new(rules, INSIDE, &mut scores))?;
            }
            "timestamp" => into.timestamp = seen.once(4, map, Timestamp(rules))?,
            "weight" => seen.once(5, map, Weight(rules))?,
            "source" => into.source = seen.once(6, map, Text::name(rules))?.unwrap_or_default(),
            _ => seen.other(key, map)?,
        }
        Ok(())
    }

    fn close<E: de::Error>(&mut self) -> Result<(), E> {
        self.seen.close()
    }
}

/// A weight, or nothing where `null` stands: checked, so that a broken producer is heard of, and then forgotten, because
/// every label counts once.
struct Weight<'r>(&'r Rules<'r>);

impl<'a> DeserializeSeed<'a> for Weight<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<(), D::Error> {
        match Number::any(self.0).deserialize(source)? {
            Some(weight) if !(weight > 0.0 && weight <= WEIGHT_MAX) => {
                Err(self.0.refuse(Reject::BadWeight))
            }
            _ => Ok(()),
        }
    }
}

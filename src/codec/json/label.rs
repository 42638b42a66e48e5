//! Label events: ground truth, evaluations, time and source.

use std::borrow::Cow;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess};

use super::number::Number;
use super::object::{Members, Object};
use super::outcome::Pairs;
use super::rules::Rules;
use super::seen::SeenMembers;
use super::text::Text;
use super::timestamp::Timestamp;
use super::word::CategoryText;
use crate::event::{Label, Reject, Truth};

/// Nesting level of the objects directly inside a label.
const INSIDE: usize = 2;

/// Largest weight accepted. A producer that sends a larger one has sent some other quantity as the weight.
const WEIGHT_MAX: f64 = 1e6;

/// Members of the label. Class and value are kept apart until all members are read, because only then can the truth be
/// determined.
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

    /// Returns the label, if it has an id and either exactly one truth or at least one evaluation.
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

/// Reads a weight or `null`, checks it and drops it. The check reveals broken producers. The value is not used, because
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

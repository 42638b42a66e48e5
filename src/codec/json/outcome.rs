//! Output of the model and its cost: `prediction`, `scores`, `segments`, `evaluations`, `usage`.

use std::borrow::Cow;

use serde::de::{self, DeserializeSeed, MapAccess};

use super::names::distinct;
use super::number::Number;
use super::object::{Members, Object};
use super::rules::Rules;
use super::seen::SeenMembers;
use super::word::CategoryText;
use crate::event::{EVALUATIONS_MAX, Prediction, Reject, Usage};

/// Reads the members of `prediction`.
pub(super) struct OutcomeMembers<'a, 'r, 'm> {
    rules: &'r Rules<'r>,
    level: usize,
    seen: SeenMembers<'a, 'r>,
    into: &'m mut Prediction<'a>,
}

impl<'a, 'r, 'm> OutcomeMembers<'a, 'r, 'm> {
    pub(super) fn new(rules: &'r Rules<'r>, level: usize, into: &'m mut Prediction<'a>) -> Self {
        Self {
            rules,
            level,
            seen: SeenMembers::new(rules, level),
            into,
        }
    }
}

impl<'a> Members<'a> for OutcomeMembers<'a, '_, '_> {
    fn member<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        let (rules, seen) = (self.rules, &mut self.seen);
        match &*key {
            "label" => self.into.label = seen.once(0, map, CategoryText::class(rules))?,
            "score" => self.into.score = seen.once(1, map, Number::any(rules))?,
            "scores" => {
                let mut scores = Pairs::new(rules, Number::any, &mut self.into.scores);
                seen.once(2, map, Object::new(rules, self.level + 1, &mut scores))?;
            }
            "value" => self.into.value = seen.once(3, map, Number::any(rules))?,
            _ => seen.other(key, map)?,
        }
        Ok(())
    }

    fn close<E: de::Error>(&mut self) -> Result<(), E> {
        self.seen.close()
    }
}

/// Reads an object of names with values of one type (`scores`, `segments`, `evaluations`). A member that is `null`
/// counts as absent.
pub(super) struct Pairs<'a, 'r, 'm, S, T> {
    rules: &'r Rules<'r>,
    seed: fn(&'r Rules<'r>) -> S,
    /// Maximum number of members, including those that are `null`. More are rejected as `TooManyEvaluations`.
    most: usize,
    nulls: Vec<(Cow<'a, str>, ())>,
    into: &'m mut Vec<(Cow<'a, str>, T)>,
}

impl<'a, 'r, 'm, S, T> Pairs<'a, 'r, 'm, S, T> {
    pub(super) fn new(
        rules: &'r Rules<'r>,
        seed: fn(&'r Rules<'r>) -> S,
        into: &'m mut Vec<(Cow<'a, str>, T)>,
    ) -> Self {
        Self {
            rules,
            seed,
            most: usize::MAX,
            nulls: Vec::new(),
            into,
        }
    }

    /// True if no name occurs twice. A name that occurs once with a value and once with `null` counts as a duplicate.
    fn is_distinct(&mut self) -> bool {
        if self.nulls.is_empty() {
            return distinct(self.into);
        }
        let others = self.into.iter().map(|(name, _)| (name.clone(), ()));
        self.nulls.extend(others);
        distinct(&self.nulls)
    }
}

impl<'a, 'r, 'm> Pairs<'a, 'r, 'm, Number<'r>, f64> {
    /// Accepts the scores of judges by name: finite numbers, at most `EVALUATIONS_MAX`.
    pub(super) fn evaluations(
        rules: &'r Rules<'r>,
        into: &'m mut Vec<(Cow<'a, str>, f64)>,
    ) -> Self {
        Self {
            most: EVALUATIONS_MAX,
            ..Self::new(rules, Number::any, into)
        }
    }
}

impl<'a, S: DeserializeSeed<'a, Value = Option<T>>, T> Members<'a> for Pairs<'a, '_, '_, S, T> {
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if self.into.len() + self.nulls.len() >= self.most {
            return Err(self.rules.refuse(Reject::TooManyEvaluations));
        }
        self.rules.name(&name)?;
        match map.next_value_seed((self.seed)(self.rules))? {
            Some(value) => self.into.push((name, value)),
            None => self.nulls.push((name, ())),
        }
        Ok(())
    }

    fn close<E: de::Error>(&mut self) -> Result<(), E> {
        if self.is_distinct() {
            Ok(())
        } else {
            Err(self.rules.refuse(Reject::DuplicateKey))
        }
    }
}

/// Reads the members of `usage`.
pub(super) struct UsageMembers<'a, 'r, 'm> {
    rules: &'r Rules<'r>,
    seen: SeenMembers<'a, 'r>,
    into: &'m mut Usage,
}

impl<'r, 'm> UsageMembers<'_, 'r, 'm> {
    pub(super) fn new(rules: &'r Rules<'r>, level: usize, into: &'m mut Usage) -> Self {
        Self {
            rules,
            seen: SeenMembers::new(rules, level),
            into,
        }
    }
}

impl<'a> Members<'a> for UsageMembers<'a, '_, '_> {
    fn member<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        let (field, slot) = match &*key {
            "input_tokens" => (0, &mut self.into.input_tokens),
            "cached_input_tokens" => (1, &mut self.into.cached_input_tokens),
            "output_tokens" => (2, &mut self.into.output_tokens),
            "reasoning_tokens" => (3, &mut self.into.reasoning_tokens),
            "cost_usd" => (4, &mut self.into.cost_usd),
            _ => return self.seen.other(key, map),
        };
        *slot = self.seen.once(field, map, Number::amount(self.rules))?;
        Ok(())
    }

    fn close<E: de::Error>(&mut self) -> Result<(), E> {
        self.seen.close()
    }
}

//! What the model said and what it took: `prediction`, `scores`, `segments`, `usage`.

use std::borrow::Cow;

use serde::de::{self, DeserializeSeed, MapAccess};

use super::names::distinct;
use super::number::Number;
use super::object::{Members, Object, Seen};
use super::rules::Rules;
use super::word::Word;
use crate::event::{Reject, Usage};

/// The members of `prediction`.
pub(super) struct Outcome<'a, 'r> {
    rules: &'r Rules<'r>,
    level: usize,
    seen: Seen<'a, 'r>,
    pub(super) label: Option<Cow<'a, str>>,
    pub(super) score: Option<f64>,
    pub(super) scores: Vec<(Cow<'a, str>, f64)>,
    pub(super) value: Option<f64>,
}

impl<'r> Outcome<'_, 'r> {
    pub(super) fn new(rules: &'r Rules<'r>, level: usize) -> Self {
        Self {
            rules,
            level,
            seen: Seen::new(rules, level),
            label: None,
            score: None,
            scores: Vec::new(),
            value: None,
        }
    }
}

impl<'a> Members<'a> for Outcome<'a, '_> {
    fn member<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        let (rules, seen) = (self.rules, &mut self.seen);
        match &*key {
            "label" => self.label = seen.once(0, map, Word::class(rules))?,
            "score" => self.score = seen.once(1, map, Number::any(rules))?,
            "scores" => {
                let scores = Pairs::new(rules, Number::any);
                self.scores = seen
                    .once(2, map, Object::new(rules, self.level + 1, scores))?
                    .read;
            }
            "value" => self.value = seen.once(3, map, Number::any(rules))?,
            _ => seen.other(key, map)?,
        }
        Ok(())
    }

    fn close<E: de::Error>(&mut self) -> Result<(), E> {
        self.seen.close()
    }
}

/// Names with one kind of value each (`scores`, `segments`); a member that is `null` is absent.
pub(super) struct Pairs<'a, 'r, S, T> {
    rules: &'r Rules<'r>,
    seed: fn(&'r Rules<'r>) -> S,
    nulls: Vec<(Cow<'a, str>, ())>,
    pub(super) read: Vec<(Cow<'a, str>, T)>,
}

impl<'r, S, T> Pairs<'_, 'r, S, T> {
    pub(super) fn new(rules: &'r Rules<'r>, seed: fn(&'r Rules<'r>) -> S) -> Self {
        Self {
            rules,
            seed,
            nulls: Vec::new(),
            read: Vec::new(),
        }
    }
}

impl<'a, S: DeserializeSeed<'a, Value = Option<T>>, T> Members<'a> for Pairs<'a, '_, S, T> {
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        self.rules.name(&name)?;
        match map.next_value_seed((self.seed)(self.rules))? {
            Some(value) => self.read.push((name, value)),
            None => self.nulls.push((name, ())),
        }
        Ok(())
    }

    fn close<E: de::Error>(&mut self) -> Result<(), E> {
        // A name that stands once with a value and once as null is a duplicate too.
        let names = self.read.iter().map(|(name, _)| (name.clone(), ()));
        let is_distinct = if self.nulls.is_empty() {
            distinct(&self.read)
        } else {
            self.nulls.extend(names);
            distinct(&self.nulls)
        };
        if is_distinct {
            Ok(())
        } else {
            Err(self.rules.refuse(Reject::DuplicateKey))
        }
    }
}

/// The members of `usage`.
pub(super) struct UsageMembers<'a, 'r> {
    rules: &'r Rules<'r>,
    seen: Seen<'a, 'r>,
    pub(super) usage: Usage,
}

impl<'r> UsageMembers<'_, 'r> {
    pub(super) fn new(rules: &'r Rules<'r>, level: usize) -> Self {
        Self {
            rules,
            seen: Seen::new(rules, level),
            usage: Usage::default(),
        }
    }
}

impl<'a> Members<'a> for UsageMembers<'a, '_> {
    fn member<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        let (field, slot) = match &*key {
            "input_tokens" => (0, &mut self.usage.input_tokens),
            "cached_input_tokens" => (1, &mut self.usage.cached_input_tokens),
            "output_tokens" => (2, &mut self.usage.output_tokens),
            "reasoning_tokens" => (3, &mut self.usage.reasoning_tokens),
            "cost_usd" => (4, &mut self.usage.cost_usd),
            _ => return self.seen.other(key, map),
        };
        *slot = self.seen.once(field, map, Number::amount(self.rules))?;
        Ok(())
    }

    fn close<E: de::Error>(&mut self) -> Result<(), E> {
        self.seen.close()
    }
}

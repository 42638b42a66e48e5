//! Values of unknown fields. They are checked like all others (JSON, depth, numbers, Unicode, distinct keys) and
//! dropped.
//!
//! serde's own `IgnoredAny` would accept lone surrogates, 1e400 and any depth.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::names::distinct;
use super::object::{Members, Object};
use super::rules::Rules;
use crate::event::Reject;

/// Skips one value. `level` is the nesting level of the value if it is an object or array.
#[derive(Clone, Copy)]
pub(super) struct Skip<'r> {
    rules: &'r Rules<'r>,
    level: usize,
}

impl<'r> Skip<'r> {
    pub(super) fn new(rules: &'r Rules<'r>, level: usize) -> Self {
        Self { rules, level }
    }

    fn inside(self) -> Self {
        Self::new(self.rules, self.level + 1)
    }
}

impl<'a> DeserializeSeed<'a> for Skip<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Skip<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        self.rules.enter(self.level)?;
        while seq.next_element_seed(self.inside())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<(), A::Error> {
        let mut members = SkippedMembers {
            skip: self.inside(),
            keys: Vec::new(),
        };
        Object::new(self.rules, self.level, &mut members).visit_map(map)
    }
}

struct SkippedMembers<'a, 'r> {
    skip: Skip<'r>,
    keys: Vec<(Cow<'a, str>, ())>,
}

impl<'a> Members<'a> for SkippedMembers<'a, '_> {
    fn member<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error> {
        self.keys.push((key, ()));
        map.next_value_seed(self.skip)
    }

    fn close<E: de::Error>(&mut self) -> Result<(), E> {
        if distinct(&self.keys) {
            Ok(())
        } else {
            Err(self.skip.rules.refuse(Reject::DuplicateKey))
        }
    }
}

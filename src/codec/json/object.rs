//! One object, whatever its members mean: `null` is an absent object, depth is checked, keys are read once.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::names::distinct;
use super::rules::Rules;
use super::skip::Skip;
use super::text::MemberKey;
use crate::event::Reject;

/// What an object's members mean.
pub(super) trait Members<'a>: Sized {
    /// Takes one member; its value must be read from `map`.
    fn member<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error>;

    /// Called once behind the last member.
    fn close<E: de::Error>(&mut self) -> Result<(), E>;
}

/// An object at `level`, whose members go to `members`.
pub(super) struct Object<'r, 'm, M> {
    rules: &'r Rules<'r>,
    level: usize,
    members: &'m mut M,
}

impl<'r, 'm, M> Object<'r, 'm, M> {
    pub(super) fn new(rules: &'r Rules<'r>, level: usize, members: &'m mut M) -> Self {
        Self {
            rules,
            level,
            members,
        }
    }
}

impl<'a, M: Members<'a>> DeserializeSeed<'a> for Object<'_, '_, M> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'a, M: Members<'a>> Visitor<'a> for Object<'_, '_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        self.rules.enter(self.level)?;
        while let Some(key) = map.next_key_seed(MemberKey)? {
            self.members.member(key, &mut map)?;
        }
        self.members.close()
    }
}

/// Which members an object of known fields has had: a bit per known field, and the names of the others.
pub(super) struct SeenMembers<'a, 'r> {
    rules: &'r Rules<'r>,
    level: usize,
    known: u32,
    others: Vec<(Cow<'a, str>, ())>,
}

impl<'a, 'r> SeenMembers<'a, 'r> {
    /// Nothing seen yet of an object at `level`.
    pub(super) fn new(rules: &'r Rules<'r>, level: usize) -> Self {
        Self {
            rules,
            level,
            known: 0,
            others: Vec::new(),
        }
    }

    /// Reads the known field of number `field` (below 32, its own within the object), unless it stood here before.
    pub(super) fn once<A: MapAccess<'a>, S: DeserializeSeed<'a>>(
        &mut self,
        field: u32,
        map: &mut A,
        seed: S,
    ) -> Result<S::Value, A::Error> {
        let bit = 1 << field;
        if self.known & bit != 0 {
            return Err(self.rules.refuse(Reject::DuplicateKey));
        }
        self.known |= bit;
        map.next_value_seed(seed)
    }

    /// Checks a value nobody asked for and forgets it.
    pub(super) fn other<A: MapAccess<'a>>(
        &mut self,
        key: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        self.others.push((key, ()));
        map.next_value_seed(Skip::new(self.rules, self.level + 1))
    }

    /// Refuses the object if one of the other names stood twice.
    pub(super) fn close<E: de::Error>(&self) -> Result<(), E> {
        if distinct(&self.others) {
            Ok(())
        } else {
            Err(self.rules.refuse(Reject::DuplicateKey))
        }
    }
}

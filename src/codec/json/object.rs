//! Generic JSON object: `null` counts as absent, the depth is checked, and each key may occur once.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::names::distinct;
use super::rules::Rules;
use super::skip::Skip;
use super::text::MemberKey;
use crate::event::Reject;

/// Handler for the members of an object.
pub(super) trait Members<'a>: Sized {
    /// Handles one member. The implementation must read the member's value from `map`.
    fn member<A: MapAccess<'a>>(&mut self, key: Cow<'a, str>, map: &mut A) -> Result<(), A::Error>;

    /// Called once, after the last member.
    fn close<E: de::Error>(&mut self) -> Result<(), E>;
}

/// Seed for an object at nesting level `level`. It passes the members to `members`.
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

/// Members seen so far in an object with known fields: one bit per known field, and the names of unknown members.
pub(super) struct SeenMembers<'a, 'r> {
    rules: &'r Rules<'r>,
    level: usize,
    known: u32,
    others: Vec<(Cow<'a, str>, ())>,
}

impl<'a, 'r> SeenMembers<'a, 'r> {
    /// Starts with no members seen, for an object at nesting level `level`.
    pub(super) fn new(rules: &'r Rules<'r>, level: usize) -> Self {
        Self {
            rules,
            level,
            known: 0,
            others: Vec::new(),
        }
    }

    /// Reads the known field with number `field` (below 32, unique within the object). Rejects the event if the object
    /// already had this field.
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

    /// Checks the value of an unknown member and drops it.
    pub(super) fn other<A: MapAccess<'a>>(
        &mut self,
        key: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        self.others.push((key, ()));
        map.next_value_seed(Skip::new(self.rules, self.level + 1))
    }

    /// Rejects the object if the name of an unknown member occurred twice.
    pub(super) fn close<E: de::Error>(&self) -> Result<(), E> {
        if distinct(&self.others) {
            Ok(())
        } else {
            Err(self.rules.refuse(Reject::DuplicateKey))
        }
    }
}

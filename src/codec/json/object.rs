//! Generic JSON object: `null` counts as absent, the nesting depth is checked, and a handler takes each member.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::rules::Rules;
use super::text::MemberKey;

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

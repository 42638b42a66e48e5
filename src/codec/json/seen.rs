//! Members seen so far in an object with known fields. An object with a repeated name is rejected.

use std::borrow::Cow;

use serde::de::{self, DeserializeSeed, MapAccess};

use super::names::distinct;
use super::rules::Rules;
use super::skip::Skip;
use crate::event::Reject;

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

//! Tally: the values of one subject in a span of time, counted by what its reference knows.
//!
//! **Intuition.** Once a reference is frozen, a window needs few numbers: how many values fall into each group of the
//! reference, how many are of each type, how many are new to it or beyond its range. They are integers that add up, so a
//! window of 30 days costs as little as one of a minute.

use serde::{Deserialize, Serialize};

use crate::sketch::{Monoid, TypeCounts};

/// Counts of one subject against its reference.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Values by type.
    pub types: TypeCounts,
    /// Compared values by group of the reference.
    pub groups: Vec<u64>,
    /// Strings and booleans whose category the reference lacks. It counts too few where `is_inexact`.
    pub new: u64,
    /// Numbers in cells wholly beyond the range of the reference.
    pub beyond: u64,
    /// True if some of the categories had no cell of their own.
    pub is_inexact: bool,
    /// Coarsest level of the cells that were counted.
    pub level: u8,
}

impl Tally {
    /// The counts times `times` ÷ `of`, each rounded.
    #[must_use]
    pub fn scaled(&self, times: u64, of: u64) -> Self {
        let part = |count: u64| scaled(count, times, of);
        let types = self.types;
        Self {
            types: TypeCounts {
                number: part(types.number),
                text: part(types.text),
                boolean: part(types.boolean),
                vector: part(types.vector),
                not_finite: part(types.not_finite),
                null: part(types.null),
            },
            groups: self.groups.iter().map(|count| part(*count)).collect(),
            new: part(self.new),
            beyond: part(self.beyond),
            ..*self
        }
    }

    /// Number of values that were counted by group.
    #[must_use]
    pub fn grouped(&self) -> u64 {
        self.groups.iter().sum()
    }
}

/// `count` × `times` ÷ `of`, rounded; `count` if `of` is 0.
#[must_use]
pub fn scaled(count: u64, times: u64, of: u64) -> u64 {
    let (wide, of) = (u128::from(count) * u128::from(times), u128::from(of));
    let rounded = (2 * wide + of).checked_div(2 * of);
    rounded.map_or(count, |share| u64::try_from(share).unwrap_or(u64::MAX))
}

impl Monoid for Tally {
    fn merge(&mut self, other: &Self) {
        self.types.merge(&other.types);
        if self.groups.len() < other.groups.len() {
            self.groups.resize(other.groups.len(), 0);
        }
        for (sum, count) in self.groups.iter_mut().zip(&other.groups) {
            *sum += count;
        }
        self.new += other.new;
        self.beyond += other.beyond;
        self.is_inexact |= other.is_inexact;
        self.level = self.level.max(other.level);
    }
}

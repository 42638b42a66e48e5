//! Label assertions, and the rule for which of two assertions wins.
//!
//! A label makes one assertion about the truth and one about each evaluation. Of two assertions on one subject, the one
//! made later wins. Of two made at the same time, the one with the larger hash of value and source wins. This choice is
//! arbitrary, but it is the same everywhere and in every order.

use std::sync::Arc;

use super::hash::{MixedHash, number_hash};
use crate::event::EventTime;

/// Value that an assertion states.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AssertedValue {
    /// True class, and the hash of its name.
    Class(Arc<str>, u64),
    /// True value of a regression.
    Value(f64),
    /// Name of an evaluation, the hash of the name, and the cell of the score.
    Evaluation(Arc<str>, u64, u8),
}

/// Statement of one label about one subject: the truth, or the evaluation of one name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LabelAssertion {
    /// Arrival time of the label's record.
    pub arrival: EventTime,
    /// Time at which the label was made.
    pub made: EventTime,
    /// Source of the label.
    pub source: LabelSource,
    /// Stated value.
    pub asserted: AssertedValue,
    /// True if the label is already included in the final counts. Of the assertions of one label, only the first stands
    /// for the label; the others are always marked as counted.
    pub counted: bool,
}

/// Source of a label: half of the hash of its name, which is enough to compare sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LabelSource(pub u32);

/// Order of assertions on one subject. The largest rank wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    made: EventTime,
    hash: u64,
}

impl Rank {
    /// Rank of an assertion made at `made`. `asserted` is the hash of its value.
    pub(super) fn new(made: EventTime, asserted: u64, source: LabelSource) -> Self {
        let hash = MixedHash::of(asserted).and(u64::from(source.0)).0;
        Self { made, hash }
    }
}

impl AssertedValue {
    fn hash(&self) -> u64 {
        match self {
            Self::Class(_, hash) => *hash,
            Self::Value(value) => number_hash(*value),
            Self::Evaluation(_, _, cell) => u64::from(*cell),
        }
    }

    fn is_same_subject(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Evaluation(a, x, _), Self::Evaluation(b, y, _)) => x == y && a == b,
            (Self::Evaluation(..), _) | (_, Self::Evaluation(..)) => false,
            _ => true,
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Class(text, _) | Self::Evaluation(text, ..) => text.len(),
            Self::Value(_) => 0,
        }
    }
}

impl LabelAssertion {
    pub(super) fn rank(&self) -> Rank {
        Rank::new(self.made, self.asserted.hash(), self.source)
    }

    /// True if `self` adds nothing beside `other`: every later prediction that `self` could reach is also reached by
    /// `other`, which ranks at least as high.
    pub(super) fn is_moot_beside(&self, other: &Self) -> bool {
        self.asserted.is_same_subject(&other.asserted)
            && self.arrival <= other.arrival
            && self.rank() <= other.rank()
    }

    pub(super) fn is_same_subject(&self, other: &Self) -> bool {
        self.asserted.is_same_subject(&other.asserted)
    }

    /// Bytes held while the assertion waits. Texts count as if they were not shared.
    pub(super) fn bytes(&self) -> usize {
        ASSERTION_BYTES + self.asserted.heap_bytes()
    }
}

/// Bytes of an assertion, its place in the expiry queue, and the overhead of the allocator.
const ASSERTION_BYTES: usize = size_of::<LabelAssertion>() + 8 + 16;

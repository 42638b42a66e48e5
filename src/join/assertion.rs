//! What a label says of one subject, and which of two claims wins.
//!
//! A label says one thing of the truth and one of each evaluation; each is a claim of its own. Of two claims on one
//! subject the one of the later making wins, of two made at once the larger hash of what is said and by whom: an
//! arbitrary choice, but the same everywhere and in every order.

use std::sync::Arc;

use super::hash::{MixedHash, number_hash};
use crate::event::EventTime;

/// What is said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AssertedValue {
    /// The true class, and the hash of its name.
    Class(Arc<str>, u64),
    /// The true value.
    Value(f64),
    /// The name of an evaluation, the hash of the name, and the cell of the score.
    Evaluation(Arc<str>, u64, u8),
}

/// What one label says of one subject.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LabelAssertion {
    /// When the label was stored.
    pub arrival: EventTime,
    /// When it was made.
    pub made: EventTime,
    /// Who said so.
    pub source: LabelSource,
    /// What.
    pub asserted: AssertedValue,
    /// Whether its label is in the counts for good; of a label's claims only the first speaks for it.
    pub counted: bool,
}

/// Who said so: half the hash of the name, which is all that is needed of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LabelSource(pub u32);

/// The order of claims on one subject: the largest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    made: EventTime,
    hash: u64,
}

impl Rank {
    /// The rank of a claim made at `made`; `asserted` is the hash of what it says.
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

    /// Whether a prediction that could meet `self` learns nothing from it once it has met `other`.
    pub(super) fn is_moot_beside(&self, other: &Self) -> bool {
        self.asserted.is_same_subject(&other.asserted)
            && self.arrival <= other.arrival
            && self.rank() <= other.rank()
    }

    pub(super) fn is_same_subject(&self, other: &Self) -> bool {
        self.asserted.is_same_subject(&other.asserted)
    }

    /// Bytes while it waits; texts as if they were not shared.
    pub(super) fn bytes(&self) -> usize {
        ASSERTION_BYTES + self.asserted.heap_bytes()
    }
}

/// A claim, its place in the queue of those that expire, and the allocator's share.
const ASSERTION_BYTES: usize = size_of::<LabelAssertion>() + 8 + 16;

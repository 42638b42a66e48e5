//! What is remembered of many values. Everything here is a commutative monoid: merging gives the same bits in any
//! order and any grouping, so nothing that can influence an alert depends on partitions, flushes or crashes.

#[cfg(test)]
mod accuracy;
mod answer;
mod buffer;
mod exemplar;
mod histogram;
mod judges;
mod key;
mod numbers;
mod partial;
mod share;
mod subject;
mod value;
mod wire;
mod words;

pub use answer::{Answered, Known, SCORE_CELLS, UNSCORED, score_cell};
pub use buffer::HistogramBuffer;
pub use exemplar::{Exemplar, Exemplars, Whereabouts};
pub use histogram::{Cell, Histogram};
pub use key::{Scale, WordTag, id_hash, word_key};
pub use numbers::{NUMBER_CELLS, Numbers, Range};
pub use partial::{Partial, PartialBuffer};
pub use share::Share;
pub use subject::Subject;
pub use value::{TypeCounts, ValueBuffer, ValueSketch};
pub use wire::BadHistogram;
pub use words::{WORD_CELLS, Words};

/// What can be merged: associative, commutative, with `Default` as identity, the same bits in any order.
pub trait Monoid: Default {
    /// Adds what `other` remembers.
    fn merge(&mut self, other: &Self);
}

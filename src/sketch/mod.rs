//! What is remembered of many values. Everything here is a commutative monoid: merging gives the same bits in any
//! order and any grouping, so nothing that can influence an alert depends on partitions, flushes or crashes.

#[cfg(test)]
mod accuracy;
mod answer;
mod buffer;
mod confusion;
mod counts;
mod exact;
mod exemplar;
mod grid;
mod histogram;
mod judges;
mod key;
mod numbers;
mod partial;
mod quality;
mod regression;
mod share;
mod subject;
mod value;
mod wire;
mod words;

pub use answer::{Answered, KnownTruth, SCORE_CELLS, UNSCORED, evaluation_cell, score_cell};
pub use buffer::HistogramBuffer;
pub use confusion::{CLASSES_MAX, Classes, Confusion, Crossing, OTHER, class_name};
pub use counts::{EvaluationCells, ScoreCells, SignedCounts};
pub use exact::ExactSum;
pub use exemplar::{Exemplar, Exemplars, RecordPosition};
pub use grid::GridCounts;
pub use histogram::{Cell, Histogram};
pub use key::{Scale, WordTag, id_hash, word_key};
pub use numbers::{NUMBER_CELLS, Numbers, Range};
pub use partial::{Partial, PartialBuffer};
pub use quality::Quality;
pub use regression::{Direction, Regression, VALUE_MAX, Values};
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

//! Sketches: mergeable summaries of many values. Every sketch is a commutative monoid. Merging gives the same bits in
//! any order and grouping, so nothing that can influence an alert depends on partitions, flushes or crashes.

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

/// Mergeable state. Merging is associative and commutative, and `Default` is the identity. Any order gives the same
/// bits.
pub trait Monoid: Default {
    /// Adds the contents of `other`.
    fn merge(&mut self, other: &Self);
}

//! Predictions that wait for their labels: joins the two in either order, and says each pair once.
//!
//! It knows ids as hashes, and nothing of Kafka, of what quality is, or of scopes: whoever closes a minute hears of each
//! prediction, judgement, correction and evaluation in it through a [`JoinSink`].
//!
//! Everything told is kept by the minute of its time (a prediction's event time, a label's arrival) and worked in order
//! when the clock has passed that minute, so the order in which it came, and in how many pieces, is forgotten.

mod assertion;
mod assertion_effect;
mod bucket;
mod bucket_filter;
mod buffer;
mod builder;
mod checkpoint;
mod counts;
mod entry;
mod entry_chunks;
mod flush_texts;
mod hash;
mod intern;
#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod join_under_test;
mod label;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
mod laws;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
mod oracle;
mod outcomes;
mod rebuild;
mod settings;
mod sink;
mod state;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
mod streams;
mod submit;
mod waiting;
mod wire;
mod work;

pub use builder::{GroupParts, LabelParts, OutcomesBuilder};
pub use checkpoint::{JoinCheckpoint, SuppressedPrediction};
pub use counts::JoinCounts;
pub use outcomes::{Group, LabelTruth, Labelled, Outcomes, Predicted};
pub use settings::{ENTRIES_PER_ID_MAX, JoinSettings, LabelArrival};
pub use sink::{JoinSink, JoinTimes, NullSink};
pub use state::Join;
pub use wire::BadOutcomes;

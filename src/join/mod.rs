//! Join of predictions and labels. Either may come first, and each pair is reported once.
//!
//! The join knows ids only as hashes. It knows nothing about Kafka, quality measures or scopes. When a minute is
//! closed, each prediction, first truth, correction and evaluation in it is reported to a [`JoinSink`].
//!
//! Submitted events are buffered by the minute of their time (event time of a prediction, arrival time of a label). A
//! minute is processed in order of time once the clock has passed it. So neither the order of submission nor the number
//! of pieces has an effect.

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
mod label;
mod outcomes;
mod rebuild;
mod settings;
mod sink;
mod state;
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

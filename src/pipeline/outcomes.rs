//! What ingest tells the join: each prediction and each label as a few bytes, sent where the hash of its id belongs.
//!
//! The producers' keys and partitioners can never be trusted to line up, so `outcomes` is partitioned by ourselves. A
//! sample of the ids is taken here, by hash: a prediction and its label are kept or left out together.

use super::frame::Load;
use super::plan::{JoinKey, PANES_PARTITIONS, Plan, ScoreOf};
use crate::event::{EventTime, Label, LabelTimes, Prediction, Segment, Truth, Variant};
use crate::join::{GroupRef, LabelRef, Outcomes, OutcomesBuilder};
use crate::sketch::{Known, POSITIVE_CLASSES, evaluation_cell, id_hash, score_cell};

/// Outcomes that force a flush: some 40 bytes each.
const OUTCOMES_MAX: usize = 200_000;
/// Classes that say no, so that a score beside them is still one of the positive class.
const NEGATIVE_CLASSES: [&str; 4] = ["0", "false", "no", "negative"];

/// Outcomes since the last flush, by partition of the `outcomes` topic.
#[derive(Default)]
pub struct OutcomeBuffers {
    builders: Vec<OutcomesBuilder>,
    len: usize,
}

/// What became of a prediction or a label on its way to the join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampled {
    /// It is on its way.
    In,
    /// Its id does not belong to the sample, or it has none.
    Out,
}

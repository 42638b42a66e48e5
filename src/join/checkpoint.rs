//! State to persist for a rebuild of the join from the outcomes submitted before: a few numbers, and the predictions
//! that were refused but that a rebuild would accept.

use serde::{Deserialize, Serialize};

use super::counts::JoinCounts;
use super::outcomes::Outcomes;
use crate::event::EventTime;
use crate::window::Boundary;

/// Progress of a join. It is written in the same transaction as the outcomes that were submitted and the results that
/// were reported.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JoinCheckpoint {
    /// Boundary up to which all minutes are closed and reported.
    pub closed: Option<Boundary>,
    /// Boundary before which predictions are forgotten.
    pub floor: Option<Boundary>,
    /// Boundary before which all labels, by arrival, are in the final counts. Set when memory was short.
    pub settled: Option<Boundary>,
    /// Labels that arrived after their minute was closed and wait for the next minute. Almost always empty.
    pub held_labels: Outcomes,
    /// Counts so far.
    pub counts: JoinCounts,
}

/// Refused prediction that a rebuild might accept: the prediction that caused the refusal was in another bucket, or the
/// minute was already closed. It is needed until the floor has passed the end of `bucket`. One of several equal ones is
/// enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SuppressedPrediction {
    /// Start of the bucket in which a rebuild would put the prediction.
    pub bucket: Boundary,
    /// Hash of the prediction's id.
    pub id: u64,
    /// Event time of the prediction.
    pub time: EventTime,
    /// Hash of the rest of the prediction's content.
    pub content: u64,
}

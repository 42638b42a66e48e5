//! What must be written down so that a join can be rebuilt from the outcomes it was told: a few numbers, and the events
//! that a rebuild would take in although they had been refused.

use serde::{Deserialize, Serialize};

use super::counts::JoinCounts;
use super::outcomes::Outcomes;
use crate::event::EventTime;
use crate::window::Boundary;

/// Where a join stands. Written in the same transaction as everything it was told and everything it told.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JoinCheckpoint {
    /// Everything before it has been worked and told.
    pub closed: Option<Boundary>,
    /// Predictions before it are forgotten.
    pub floor: Option<Boundary>,
    /// Labels of arrivals before it are in the counts for good: memory ran short then.
    pub settled: Option<Boundary>,
    /// Labels that came after their minute was closed and wait for the next: almost always none.
    pub late_for_stage: Outcomes,
    /// What was counted.
    pub counts: JoinCounts,
}

/// A prediction that was refused for a reason that a rebuild may not see: what refused it lived in another bucket, or its
/// minute was closed. Needed until the floor has passed the end of `bucket`. Of equal ones, one is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SuppressedPrediction {
    /// Where the bucket begins into which a rebuild would put it.
    pub bucket: Boundary,
    /// Hash of its id.
    pub id: u64,
    /// Its event time.
    pub time: EventTime,
    /// Hash of everything else it says.
    pub content: u64,
}

//! What a join must leave out while it is told again what it was told before.

use std::collections::{BTreeMap, BTreeSet};

use super::checkpoint::SuppressedPrediction;
use super::counts::JoinCounts;
use super::outcomes::Outcomes;
use crate::window::Boundary;

/// A rebuild that is under way.
#[derive(Debug)]
pub(super) struct Rebuild {
    /// Where the join stood.
    pub until: Boundary,
    /// What it had counted.
    pub counts: JoinCounts,
    /// Labels that were not worked then: held back now, handed in again at the end.
    pub late_for_stage: Outcomes,
    suppressed: BTreeSet<SuppressedPrediction>,
    held_back: BTreeMap<u64, u64>,
}

impl Rebuild {
    pub(super) fn new(
        until: Boundary,
        counts: JoinCounts,
        late_for_stage: Outcomes,
        suppressed: Vec<SuppressedPrediction>,
    ) -> Self {
        let (batch, _, labelled) = super::buffer::unpack(late_for_stage.clone());
        let labels = labelled.iter().map(|label| batch.content_of_label(label));
        let mut held_back = BTreeMap::new();
        for label in labels {
            *held_back.entry(label).or_default() += 1;
        }
        Self {
            until,
            counts,
            late_for_stage,
            suppressed: suppressed.into_iter().collect(),
            held_back,
        }
    }

    /// Whether this prediction was refused then.
    pub(super) fn was_refused(&self, prediction: &SuppressedPrediction) -> bool {
        self.suppressed.contains(prediction)
    }

    /// Whether this label was not worked then. Of equal labels as many are held back as were not.
    pub(super) fn is_held_back(&mut self, content: u64) -> bool {
        let left = self.held_back.get_mut(&content).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }
}

//! Events that a join must ignore while its outcomes are submitted again.

use std::collections::{BTreeMap, BTreeSet};

use super::checkpoint::SuppressedPrediction;
use super::counts::JoinCounts;
use super::outcomes::Outcomes;
use crate::window::Boundary;

/// Rebuild in progress.
#[derive(Debug)]
pub(super) struct Rebuild {
    /// Boundary up to which the join had closed.
    pub until: Boundary,
    /// Counts of the join at that boundary.
    pub counts: JoinCounts,
    /// Labels that had not been processed. They are held back during the rebuild and submitted again at its end.
    pub held_labels: Outcomes,
    suppressed: BTreeSet<SuppressedPrediction>,
    held_back: BTreeMap<u64, u64>,
}

impl Rebuild {
    pub(super) fn new(
        until: Boundary,
        counts: JoinCounts,
        held_labels: Outcomes,
        suppressed: Vec<SuppressedPrediction>,
    ) -> Self {
        let (batch, _, labelled) = super::buffer::unpack(held_labels.clone());
        let labels = labelled.iter().map(|label| batch.content_of_label(label));
        let mut held_back = BTreeMap::new();
        for label in labels {
            *held_back.entry(label).or_default() += 1;
        }
        Self {
            until,
            counts,
            held_labels,
            suppressed: suppressed.into_iter().collect(),
            held_back,
        }
    }

    /// True if this prediction was refused before.
    pub(super) fn was_refused(&self, prediction: &SuppressedPrediction) -> bool {
        self.suppressed.contains(prediction)
    }

    /// True if this label was not processed before. Of equal labels, as many are held back as had not been processed.
    pub(super) fn is_held_back(&mut self, content: u64) -> bool {
        let left = self.held_back.get_mut(&content).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }
}

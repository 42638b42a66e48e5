//! What the join has counted since it began, and the two equations that say that nothing was lost or doubled.

use serde::{Deserialize, Serialize};

/// Cumulative counts. An event is counted when its minute is closed, a late one when it is handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JoinCounts {
    /// Predictions heard.
    pub predictions: u64,
    /// Predictions whose truth, or first evaluation, became known.
    pub joined: u64,
    /// Predictions that nobody labelled within the horizon.
    pub expired: u64,
    /// Predictions without a label that were forgotten before their horizon, for want of memory.
    pub expired_early: u64,
    /// Predictions of an id that the same model, version and variant had already answered.
    pub duplicates: u64,
    /// Predictions of an id that had [`super::ENTRIES_PER_ID_MAX`] live predictions.
    pub crowded: u64,
    /// Predictions of a minute that was closed: dropped.
    pub late: u64,
    /// Labels heard.
    pub labels: u64,
    /// Labels that were the first or a better word on at least one prediction, now or later.
    pub labels_joined: u64,
    /// Labels that said nothing new of any prediction: repeated, or of an older making than what was known.
    pub labels_duplicate: u64,
    /// Labels for which no prediction came.
    pub labels_expired: u64,
    /// Labels without a prediction that were forgotten early, for want of memory.
    pub labels_expired_early: u64,
    /// Labels of a minute that was closed; they are worked all the same.
    pub labels_late: u64,
    /// Truths that replaced another, by prediction.
    pub corrections: u64,
}

impl JoinCounts {
    /// Predictions == joined + `pending` + expired + duplicates: the live ones are counted by whoever holds them.
    #[must_use]
    pub fn predictions_are_conserved(&self, pending: u64) -> bool {
        let ended = self.joined + self.expired + self.expired_early;
        let refused = self.duplicates + self.crowded + self.late;
        self.predictions == ended + refused + pending
    }

    /// Labels == joined + `waiting` + expired + duplicates.
    #[must_use]
    pub fn labels_are_conserved(&self, waiting: u64) -> bool {
        let ended = self.labels_joined + self.labels_expired + self.labels_expired_early;
        self.labels == ended + self.labels_duplicate + waiting
    }
}

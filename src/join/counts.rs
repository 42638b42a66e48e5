//! Counts of the join since it began, and the two equations that prove that nothing was lost or doubled.

use serde::{Deserialize, Serialize};

/// Cumulative counts. An event is counted when its minute is closed. A late prediction, and the lateness of a label,
/// are counted at submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JoinCounts {
    /// Number of predictions received.
    pub predictions: u64,
    /// Number of predictions for which a truth or an evaluation became known.
    pub joined: u64,
    /// Number of predictions that got no label within the horizon.
    pub expired: u64,
    /// Number of predictions without a label that were dropped before their horizon because of the memory limit.
    pub expired_early: u64,
    /// Number of predictions with an id that the same model, version and variant had already answered.
    pub duplicates: u64,
    /// Number of predictions refused because their id had [`super::ENTRIES_PER_ID_MAX`] live predictions.
    pub crowded: u64,
    /// Number of predictions dropped because their minute was already closed.
    pub late: u64,
    /// Number of labels received.
    pub labels: u64,
    /// Number of labels that changed at least one prediction, on arrival or later.
    pub labels_joined: u64,
    /// Number of labels that brought nothing new: repeated, or made earlier than what was known.
    pub labels_duplicate: u64,
    /// Number of labels for which no prediction came.
    pub labels_expired: u64,
    /// Number of labels without a prediction that were dropped early because of the memory limit.
    pub labels_expired_early: u64,
    /// Number of labels that arrived after their minute was closed. They are processed with the next minute.
    pub labels_late: u64,
    /// Number of truths that replaced another one, counted per prediction.
    pub corrections: u64,
}

impl JoinCounts {
    /// Predictions - (joined + `pending` + expired + duplicates). 0 unless some were lost (positive) or doubled.
    #[must_use]
    pub fn predictions_missing(&self, pending: u64) -> i64 {
        let ended = self.joined + self.expired_total() + self.duplicates_total();
        self.predictions.wrapping_sub(ended + pending) as i64
    }

    /// Labels - (joined + `waiting` + expired + duplicates). 0 unless some were lost (positive) or doubled.
    #[must_use]
    pub fn labels_missing(&self, waiting: u64) -> i64 {
        let ended = self.labels_joined + self.labels_expired_total() + self.labels_duplicate;
        self.labels.wrapping_sub(ended + waiting) as i64
    }

    /// Predictions that got no label: their horizon passed, or the memory was short.
    #[must_use]
    pub fn expired_total(&self) -> u64 {
        self.expired + self.expired_early
    }

    /// Predictions that never wait for a label: they came twice, late, or with too many others of their id.
    #[must_use]
    pub fn duplicates_total(&self) -> u64 {
        self.duplicates + self.crowded + self.late
    }

    /// Labels that found no prediction: they waited long enough, or the memory was short.
    #[must_use]
    pub fn labels_expired_total(&self) -> u64 {
        self.labels_expired + self.labels_expired_early
    }
}

//! Measures that are shares of predictions, as signed integers. Objectives sum them over spans and compare them with a
//! target.

use super::margins::Margins;
use crate::sketch::{Quality, Share};

/// Measure that is a share of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proportion {
    /// Right predictions among those that predicted the positive class.
    Precision,
    /// Predicted positives among true positives.
    Recall,
    /// Right predictions among all.
    Accuracy,
    /// Predicted positives among true negatives. Here `good` counts the rest: true negatives that were not predicted
    /// positive.
    FalsePositiveRate,
}

/// Share as counted. In a single span it may be negative, if a correction takes back what another span added.
///
/// `None` if the share is not defined: for any kind except accuracy, without a positive class or with one that was
/// folded into the other classes.
#[must_use]
pub fn proportion(kind: Proportion, quality: &Quality, positive: Option<&str>) -> Option<Share> {
    share(kind, &Margins::signed(&quality.table), positive)
}

/// Computes the share from margins that already exist.
pub(super) fn share(
    kind: Proportion,
    margins: &Margins<'_>,
    positive: Option<&str>,
) -> Option<Share> {
    if kind == Proportion::Accuracy {
        return Some(Share {
            good: margins.right,
            valid: margins.pairs,
        });
    }
    let class = margins.class(positive?)?;
    let negatives = margins.pairs.saturating_sub(class.actual);
    let false_positives = class.predicted.saturating_sub(class.hits);
    let (good, valid) = match kind {
        Proportion::Precision => (class.hits, class.predicted),
        Proportion::Recall => (class.hits, class.actual),
        _ => (negatives.saturating_sub(false_positives), negatives),
    };
    Some(Share { good, valid })
}

//! Measures that are shares of predictions, as signed integers: what objectives sum over spans and hold against a target.

use super::margins::Margins;
use crate::sketch::{Quality, Share};

/// A measure that is a share of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proportion {
    /// Right ones of those predicted positive.
    Precision,
    /// Predicted positive of those that are.
    Recall,
    /// Right ones of all.
    Accuracy,
    /// Predicted positive of those that are negative. Its `good` are the others, the true negatives.
    FalsePositiveRate,
}

/// The share as it was counted: of one span it may be negative, where a correction takes back what another span added.
///
/// `None` where it is not defined: but for accuracy, without a positive class, or with one that was folded into the
/// other classes.
#[must_use]
pub fn proportion(kind: Proportion, quality: &Quality, positive: Option<&str>) -> Option<Share> {
    share(kind, &Margins::signed(&quality.table), positive)
}

/// The same of margins that are at hand.
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

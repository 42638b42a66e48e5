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

impl Proportion {
    /// True if it counts one class as the positive one.
    #[must_use]
    pub fn needs_positive(self) -> bool {
        match self {
            Self::Precision | Self::Recall | Self::FalsePositiveRate => true,
            Self::Accuracy => false,
        }
    }
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
    let class = || margins.class(positive?);
    let (good, valid) = match kind {
        Proportion::Accuracy => (margins.right, margins.pairs),
        Proportion::Precision => {
            let class = class()?;
            (class.hits, class.predicted)
        }
        Proportion::Recall => {
            let class = class()?;
            (class.hits, class.actual)
        }
        Proportion::FalsePositiveRate => {
            let class = class()?;
            let negatives = margins.pairs.saturating_sub(class.actual);
            let false_positives = class.predicted.saturating_sub(class.hits);
            (negatives.saturating_sub(false_positives), negatives)
        }
    };
    Some(Share { good, valid })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::{Answered, KnownTruth};

    /// Predicted class, true class, and how often; positive is `yes`.
    const TABLE: [(&str, &str, u32); 4] = [
        ("yes", "yes", 3),
        ("yes", "no", 2),
        ("no", "yes", 1),
        ("no", "no", 4),
    ];

    #[test]
    fn each_proportion_has_its_own_numerator_and_denominator() {
        let mut quality = Quality::default();
        for (predicted, truth, count) in TABLE {
            let answer = Answered {
                class: Some(predicted),
                cell: 0,
                value: None,
            };
            (0..count).for_each(|_| quality.judge(&answer, KnownTruth::Class(truth), 0));
        }
        let expected = [
            (Proportion::Precision, 3, 5),
            (Proportion::Recall, 3, 4),
            (Proportion::Accuracy, 7, 10),
            (Proportion::FalsePositiveRate, 4, 6),
        ];
        for (kind, good, valid) in expected {
            let share = proportion(kind, &quality, Some("yes"));
            assert_eq!(share, Some(Share { good, valid }), "{kind:?}");
            let needs_class = proportion(kind, &quality, None).is_none();
            assert_eq!(needs_class, kind != Proportion::Accuracy, "{kind:?}");
        }
    }
}

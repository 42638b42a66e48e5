//! Service level indicators: which events are good, and which are valid.

use crate::event::{Prediction, PredictionStatus};
use crate::sketch::{Quality, Share};
use crate::stats::{Proportion, evaluation_share, proportion};

/// Service level indicator. Its share is always good ÷ valid, so a higher share is better for every SLI.
#[derive(Debug, Clone, PartialEq)]
pub enum Sli {
    /// Good: latency within the bound. Valid: predictions that carry a latency.
    Latency {
        /// Bound in milliseconds, inclusive.
        at_most_ms: f64,
    },
    /// Good: status `ok`. Valid: every prediction.
    Success,
    /// Good: cost within the bound. Valid: predictions that carry a cost.
    Cost {
        /// Bound in US dollars, inclusive.
        at_most_usd: f64,
    },
    /// Good: evaluation score at or above the bound. Valid: scores of that name within 0..=1, sent with the prediction or as a label.
    Evaluation {
        /// Name of the evaluation.
        name: String,
        /// Bound in hundredths, inclusive: 1..=100.
        at_least_hundredths: u8,
    },
    /// Good: true positives. Valid: predicted positives whose label is known.
    Precision,
    /// Good: true positives. Valid: labelled positives.
    Recall,
    /// Good: predicted class equals the label. Valid: labelled predictions.
    Accuracy,
    /// Good: true negatives. Valid: labelled negatives. The share is 1 − the false positive rate.
    FalsePositiveRate,
}

impl Sli {
    /// SLIs without a bound. The configuration names each by its name alone.
    pub const WORDS: [Self; 5] = [
        Self::Success,
        Self::Precision,
        Self::Recall,
        Self::Accuracy,
        Self::FalsePositiveRate,
    ];

    /// Name in alerts and in the configuration.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency_ms",
            Self::Success => "success",
            Self::Cost { .. } => "cost_usd",
            Self::Evaluation { .. } => "evaluation",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::Accuracy => "accuracy",
            Self::FalsePositiveRate => "false_positive_rate",
        }
    }

    /// True if it becomes known after the prediction. Its rules then use label time and require certainty. An evaluation counts as delayed even if
    /// it comes with the prediction, because evaluations are slow and few.
    #[must_use]
    pub fn is_delayed(&self) -> bool {
        matches!(self, Self::Evaluation { .. }) || self.needs_truth()
    }

    /// True if it can only be computed from labels.
    #[must_use]
    pub fn needs_truth(&self) -> bool {
        self.proportion().is_some()
    }

    /// True if it counts one class as the positive one.
    #[must_use]
    pub fn needs_positive(&self) -> bool {
        self.proportion().is_some_and(Proportion::needs_positive)
    }

    /// Share of one prediction; `None` if the prediction does not carry the value, or if the SLI needs its label.
    #[must_use]
    pub fn share_of_prediction(&self, prediction: &Prediction<'_>) -> Option<Share> {
        let good = match self {
            Self::Latency { at_most_ms } => prediction.latency_ms? <= *at_most_ms,
            Self::Success => prediction.status == PredictionStatus::Ok,
            Self::Cost { at_most_usd } => prediction.usage.cost_usd? <= *at_most_usd,
            Self::Evaluation {
                name,
                at_least_hundredths,
            } => score(prediction, name)? >= f64::from(*at_least_hundredths) / 100.0,
            Self::Precision | Self::Recall | Self::Accuracy | Self::FalsePositiveRate => {
                return None;
            }
        };
        Some(Share::one(good))
    }
}

impl Sli {
    /// Quality measure of an SLI that needs labels; `None` for other SLIs.
    fn proportion(&self) -> Option<Proportion> {
        match self {
            Self::Precision => Some(Proportion::Precision),
            Self::Recall => Some(Proportion::Recall),
            Self::Accuracy => Some(Proportion::Accuracy),
            Self::FalsePositiveRate => Some(Proportion::FalsePositiveRate),
            Self::Latency { .. } | Self::Success | Self::Cost { .. } | Self::Evaluation { .. } => {
                None
            }
        }
    }

    /// Share by the labels of a span, signed so that minutes can be summed. Empty if labels do not determine this SLI.
    #[must_use]
    pub fn share_of_quality(&self, quality: &Quality, positive: Option<&str>) -> Share {
        let share = match self {
            Self::Evaluation {
                name,
                at_least_hundredths,
            } => {
                let cells = quality.evaluations.get(name);
                cells.map(|cells| evaluation_share(cells, *at_least_hundredths))
            }
            Self::Precision | Self::Recall | Self::Accuracy | Self::FalsePositiveRate => self
                .proportion()
                .and_then(|kind| proportion(kind, quality, positive)),
            Self::Latency { .. } | Self::Success | Self::Cost { .. } => None,
        };
        share.unwrap_or_default()
    }
}

/// Score of that name; `None` if it is missing or outside 0..=1.
fn score(prediction: &Prediction<'_>, name: &str) -> Option<f64> {
    let mut scores = prediction.evaluations.iter();
    let (_, score) = scores.find(|(own, _)| own == name)?;
    (0.0..=1.0).contains(score).then_some(*score)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn prediction() -> Prediction<'static> {
        let mut prediction = Prediction {
            latency_ms: Some(100.0),
            status: PredictionStatus::Error,
            evaluations: vec![("faith".into(), 0.58), ("odd".into(), 1.5)],
            ..Prediction::default()
        };
        prediction.usage.cost_usd = Some(0.02);
        prediction
    }

    fn evaluation(name: &str, at_least_hundredths: u8) -> Sli {
        Sli::Evaluation {
            name: name.into(),
            at_least_hundredths,
        }
    }

    #[test]
    fn a_bound_belongs_to_the_good_side() {
        for (sli, good) in [
            (Sli::Latency { at_most_ms: 100.0 }, 1),
            (Sli::Latency { at_most_ms: 99.9 }, 0),
            (Sli::Success, 0),
            (Sli::Cost { at_most_usd: 0.02 }, 1),
            (Sli::Cost { at_most_usd: 0.01 }, 0),
            (evaluation("faith", 58), 1), // 0.58 × 100 is below 58 in binary
            (evaluation("faith", 59), 0),
        ] {
            let share = sli.share_of_prediction(&prediction()).unwrap();
            assert_eq!(share, Share { good, valid: 1 }, "{sli:?}");
        }
    }

    #[test]
    fn what_a_prediction_does_not_carry_is_not_counted() {
        let bare = Prediction::default();
        assert_eq!(
            Sli::Success.share_of_prediction(&bare),
            Some(Share::one(true))
        );
        for sli in [
            Sli::Latency { at_most_ms: 1.0 },
            Sli::Cost { at_most_usd: 1.0 },
            evaluation("faith", 1),
            Sli::Precision,
            Sli::FalsePositiveRate,
        ] {
            assert_eq!(sli.share_of_prediction(&bare), None, "{sli:?}");
        }
        assert_eq!(
            evaluation("odd", 1).share_of_prediction(&prediction()),
            None,
            "no score of 0..=1"
        );
    }
}

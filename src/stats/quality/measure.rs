//! Interface of a quality measure: its description, and its value with sample size and interval.

use crate::sketch::{Quality, Share};
use crate::stats::interval::{Interval, wilson};

/// Half-width of published intervals in standard deviations: 95 %.
pub(super) const Z: f64 = 1.96;

/// Measure of the quality of predictions, as one number.
pub trait Measure: Sync {
    /// Describes the measure. Tests check the properties it states.
    fn about(&self) -> MeasureAbout;

    /// Computes the measure from the counts; `None` if it is not defined. `positive` is the positive class, if there is
    /// one.
    fn of(&self, quality: &Quality, positive: Option<&str>) -> Option<Measured>;
}

/// Description of a measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeasureAbout {
    /// Stable name in reports, objectives and metrics.
    pub name: &'static str,
    /// Definition in one sentence.
    pub definition: &'static str,
    /// Unit; empty for a ratio.
    pub unit: &'static str,
    /// Smallest possible value.
    pub least: f64,
    /// Largest possible value.
    pub most: f64,
    /// Direction in which the measure is better.
    pub better: Better,
}

/// Direction in which a measure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Higher values are better.
    Higher,
    /// Lower values are better.
    Lower,
    /// Values nearer to 0 are better.
    NearerZero,
}

/// Value of a measure, with its sample size and interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Value in the measure's unit.
    pub value: f64,
    /// Number of predictions it is based on, at least 1. For a proportion, this is the denominator.
    pub count: i64,
    /// 95 % confidence interval: Wilson's for a proportion, ±1.96 standard errors for a mean, `None` for other
    /// measures.
    pub interval: Option<Interval>,
}

impl Measured {
    /// Value without an interval; `None` if the count is not positive or the value is not finite.
    pub(super) fn plain(value: f64, count: i64) -> Option<Self> {
        (count > 0 && value.is_finite()).then_some(Self {
            value,
            count,
            interval: None,
        })
    }

    /// Proportion with Wilson's interval; `None` unless 0 ≤ good ≤ valid and valid > 0.
    pub(super) fn of_share(share: Share) -> Option<Self> {
        let good = u64::try_from(share.good).ok()?;
        let valid = u64::try_from(share.valid).ok()?;
        if valid == 0 || good > valid {
            return None;
        }
        Some(Self {
            value: good as f64 / valid as f64,
            count: share.valid,
            interval: Some(wilson(good, valid, Z)),
        })
    }
}

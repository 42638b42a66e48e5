//! Measures of quality against labels. Each measure is one file and two lines here.
//!
//! Reports, documentation and the property tests derive from [`MEASURES`]. In a span that holds only a correction,
//! counts may be negative. Every measure then returns `None`; only [`proportion`] returns the signed integers, which
//! callers sum first.

use super::interval::{Interval, wilson};
use crate::sketch::{Quality, Share};

mod accuracy;
mod auc;
mod bias;
mod brier;
mod calibration_error;
mod coverage;
mod error_quantile;
mod evaluation;
mod f1;
mod false_positive_rate;
mod log_loss;
mod mae;
mod margins;
mod mean;
mod positive;
mod precision;
mod proportion;
mod r2;
mod recall;
mod rmse;
mod scored;
mod selection;

pub use evaluation::evaluation_share;
pub use positive::{POSITIVE_CLASSES, positive_class};
pub use proportion::{Proportion, proportion};
pub use selection::{Selection, SelectionTest, selection};

/// Every measure, in the order of the documentation.
pub static MEASURES: &[&dyn Measure] = &[
    &coverage::Coverage,
    &accuracy::Accuracy,
    &precision::Precision,
    &recall::Recall,
    &f1::F1,
    &false_positive_rate::FalsePositiveRate,
    &auc::Auc,
    &log_loss::LogLoss,
    &brier::Brier,
    &calibration_error::CalibrationError,
    &mae::Mae,
    &rmse::Rmse,
    &r2::R2,
    &bias::Bias,
    &error_quantile::P50,
    &error_quantile::P95,
];

/// Half-width of published intervals in standard deviations: 95 %.
const Z: f64 = 1.96;

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
    fn plain(value: f64, count: i64) -> Option<Self> {
        (count > 0 && value.is_finite()).then_some(Self {
            value,
            count,
            interval: None,
        })
    }

    /// Proportion with Wilson's interval; `None` unless 0 ≤ good ≤ valid and valid > 0.
    fn of_share(share: Share) -> Option<Self> {
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

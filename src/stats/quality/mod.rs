//! Measures of quality against labels: one file and two lines here each.
//!
//! Reports, documentation and the law tests derive from [`MEASURES`]. Counts may be negative in a span that holds only a
//! correction: every measure then says `None`, and [`proportion`] alone gives the signed integers, to be summed first.

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
pub use positive::positive_class;
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

/// Half the width of published intervals in standard deviations: 95 %.
const Z: f64 = 1.96;

/// One number that says how good predictions were.
pub trait Measure: Sync {
    /// What it is; the laws it claims are tested.
    fn about(&self) -> MeasureAbout;

    /// The measure of what was counted, `positive` being the class that is looked for; `None` where it is not defined.
    fn of(&self, quality: &Quality, positive: Option<&str>) -> Option<Measured>;
}

/// What a measure is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeasureAbout {
    /// Its stable name: in reports, objectives and metrics.
    pub name: &'static str,
    /// Its definition, in one sentence.
    pub definition: &'static str,
    /// The unit; empty for a ratio.
    pub unit: &'static str,
    /// The smallest value it can take.
    pub least: f64,
    /// The largest value it can take.
    pub most: f64,
    /// Which way is good.
    pub better: Better,
}

/// Which way a measure is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The higher the better.
    Higher,
    /// The lower the better.
    Lower,
    /// The nearer to 0 the better.
    NearerZero,
}

/// A measure's value, and what is behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The value, in the measure's unit.
    pub value: f64,
    /// Predictions behind it, at least 1: the denominator of a proportion.
    pub count: i64,
    /// Where the true value lies with 95 %: Wilson's of a proportion, ±1.96 standard errors of a mean; else `None`.
    pub interval: Option<Interval>,
}

impl Measured {
    /// A value without an interval.
    fn plain(value: f64, count: i64) -> Option<Self> {
        (count > 0 && value.is_finite()).then_some(Self {
            value,
            count,
            interval: None,
        })
    }

    /// A proportion with Wilson's interval; `None` unless 0 ≤ good ≤ valid and something is valid.
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

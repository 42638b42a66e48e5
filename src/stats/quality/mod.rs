//! Measures of quality against labels. Each measure is one file and two lines here.
//!
//! Reports, documentation and the property tests derive from [`MEASURES`]. In a span that holds only a correction,
//! counts may be negative. Every measure then returns `None`; only [`proportion`] returns the signed integers, which
//! callers sum first.

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
mod measure;
mod positive;
mod precision;
mod proportion;
mod r2;
mod recall;
mod rmse;
mod scored;
mod selection;

pub use evaluation::evaluation_share;
pub use measure::{Better, Measure, MeasureAbout, Measured};
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

//! Means of errors and their intervals, computed from exact sums.

use super::measure::{Measured, Z};
use crate::sketch::{ExactSum, Regression};
use crate::stats::interval::Interval;

/// Returns the sums if they can belong to pairs: at least one pair, and no cell with more taken back than added.
pub(super) fn sound(regression: &Regression) -> Option<&Regression> {
    let debt = regression.error_cells.cells.has_debt();
    (regression.pairs > 0 && !debt).then_some(regression)
}

/// Mean of `sum`, with an interval of ±1.96 standard errors from two pairs on. The squares of the terms must be the
/// squared errors.
pub(super) fn mean(regression: &Regression, sum: &ExactSum) -> Option<Measured> {
    let pairs = regression.pairs;
    let mean = sum.value() / pairs as f64;
    let arm = spread(
        regression,
        Moments {
            sum,
            squares: &regression.errors_squared,
        },
    )
    .map(|spread| Z * libm::sqrt(spread / (pairs as f64 - 1.0)) / pairs as f64);
    let measured = Measured::plain(mean, pairs)?;
    Some(Measured {
        interval: arm.map(|arm| Interval {
            low: mean - arm,
            high: mean + arm,
        }),
        ..measured
    })
}

/// Σx and Σx² of one series.
pub(super) struct Moments<'a> {
    /// Σx.
    pub sum: &'a ExactSum,
    /// Σx².
    pub squares: &'a ExactSum,
}

/// n·Σx² − (Σx)², which is n times the sum of squared distances from the mean, rounded once. `None` for fewer than two
/// pairs or a negative result.
pub(super) fn spread(regression: &Regression, moments: Moments<'_>) -> Option<f64> {
    let mut spread = moments.squares.times(regression.pairs);
    spread.subtract(&moments.sum.squared());
    let spread = spread.value();
    (regression.pairs > 1 && spread >= 0.0).then_some(spread)
}

//! R²: the part of the variance of the true values that the predictions explain.
//!
//! **Formula.** 1 − n·Σe² ÷ (n·Σy² − (Σy)²). The difference is taken on exact sums. In doubles it would be noise as
//! soon as the mean is about 10⁷ times the spread.
//!
//! **Limits.** Not defined for fewer than two pairs or if all true values are equal (scikit-learn then returns 1 or 0).

use super::mean::{Moments, sound, spread};
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Coefficient of determination. It is below 0 for predictions that are worse than the mean of the truths.
pub struct R2;

impl Measure for R2 {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "r2",
            definition: "1 - sum of (predicted - true)² / sum of (true - mean of true)²",
            unit: "",
            least: f64::NEG_INFINITY,
            most: 1.0,
            better: Better::Higher,
        }
    }

    fn of(&self, quality: &Quality, _: Option<&str>) -> Option<Measured> {
        let regression = sound(&quality.regression)?;
        let moments = Moments {
            sum: &regression.truths,
            squares: &regression.truths_squared,
        };
        let spread = spread(regression, moments).filter(|spread| *spread > 0.0)?;
        let missed = regression.errors_squared.times(regression.pairs).value();
        let explained = 1.0 - missed / spread;
        Measured::plain(explained, regression.pairs).filter(|_| missed >= 0.0)
    }
}

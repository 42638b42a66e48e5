//! Quantiles of the absolute error on the fixed grid, within 12.5 % of the quantiles of the raw errors.

use super::mean::sound;
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Median of the absolute error.
pub struct P50;
/// 95th percentile of the absolute error.
pub struct P95;

impl Measure for P50 {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "error_p50",
            definition: "median of |predicted - true|, interpolated in cells of an eighth of an octave",
            ..ABOUT
        }
    }

    fn of(&self, quality: &Quality, _: Option<&str>) -> Option<Measured> {
        quantile(quality, 0.5)
    }
}

impl Measure for P95 {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "error_p95",
            definition: "95th percentile of |predicted - true|, interpolated in cells of an eighth of an octave",
            ..ABOUT
        }
    }

    fn of(&self, quality: &Quality, _: Option<&str>) -> Option<Measured> {
        quantile(quality, 0.95)
    }
}

/// Fields that both measures share.
const ABOUT: MeasureAbout = MeasureAbout {
    name: "",
    definition: "",
    unit: "of the value",
    least: 0.0,
    most: 2_199_023_255_552.0, // 2^41, the end of the grid
    better: Better::Lower,
};

fn quantile(quality: &Quality, q: f64) -> Option<Measured> {
    let regression = sound(&quality.regression)?;
    let value = regression.error_cells.magnitudes().quantile(q)?;
    Measured::plain(value, regression.pairs)
}

//! Bias: the mean error, with its sign.

use super::mean::{mean, sound};
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// How far predicted values were above the true ones on average.
pub struct Bias;

impl Measure for Bias {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "bias",
            definition: "mean of predicted - true",
            unit: "of the value",
            least: f64::NEG_INFINITY,
            most: f64::INFINITY,
            better: Better::NearerZero,
        }
    }

    fn of(&self, quality: &Quality, _: Option<&str>) -> Option<Measured> {
        let regression = sound(&quality.regression)?;
        mean(regression, &regression.errors)
    }
}

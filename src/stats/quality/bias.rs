//! Bias: the signed mean error.

use super::mean::{mean, sound};
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Average of predicted − true values.
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

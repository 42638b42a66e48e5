//! Root mean squared error.

use super::mean::sound;
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// How far predicted values were off, large errors counting more.
pub struct Rmse;

impl Measure for Rmse {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "rmse",
            definition: "square root of the mean of (predicted - true)²",
            unit: "of the value",
            least: 0.0,
            most: f64::INFINITY,
            better: Better::Lower,
        }
    }

    fn of(&self, quality: &Quality, _: Option<&str>) -> Option<Measured> {
        let regression = sound(&quality.regression)?;
        let mean = regression.errors_squared.value() / regression.pairs as f64;
        // Of a negative mean the root is not a number, and so `None`.
        Measured::plain(libm::sqrt(mean), regression.pairs)
    }
}

//! Root mean squared error.

use super::mean::sound;
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Root mean squared error of the predicted values. Large errors weigh more.
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
        // The root of a negative mean is NaN and gives `None`.
        Measured::plain(libm::sqrt(mean), regression.pairs)
    }
}

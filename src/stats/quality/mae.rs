//! Mean absolute error.

use super::mean::{mean, sound};
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;
use crate::stats::interval::Interval;

/// Average absolute error of the predicted values.
pub struct Mae;

impl Measure for Mae {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "mae",
            definition: "mean of |predicted - true|",
            unit: "of the value",
            least: 0.0,
            most: f64::INFINITY,
            better: Better::Lower,
        }
    }

    fn of(&self, quality: &Quality, _: Option<&str>) -> Option<Measured> {
        let regression = sound(&quality.regression)?;
        let mut measured = mean(regression, &regression.errors_absolute)?;
        measured.interval = measured.interval.map(|interval| Interval {
            low: interval.low.max(0.0),
            ..interval
        });
        (measured.value >= 0.0).then_some(measured)
    }
}

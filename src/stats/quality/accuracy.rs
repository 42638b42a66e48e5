//! Accuracy: share of predictions that were right.

use super::margins::Margins;
use super::proportion::{Proportion, share};
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Share of right predictions. Exact for any number of classes.
pub struct Accuracy;

impl Measure for Accuracy {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "accuracy",
            definition: "pairs whose predicted class is the true one, of all pairs",
            unit: "",
            least: 0.0,
            most: 1.0,
            better: Better::Higher,
        }
    }

    fn of(&self, quality: &Quality, positive: Option<&str>) -> Option<Measured> {
        let margins = Margins::sound(&quality.table)?;
        Measured::of_share(share(Proportion::Accuracy, &margins, positive)?)
    }
}

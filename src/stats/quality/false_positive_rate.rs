//! False positive rate: share of true negatives that were predicted positive.

use super::margins::Margins;
use super::proportion::{Proportion, share};
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::{Quality, Share};

/// Share of predicted positives among true negatives.
pub struct FalsePositiveRate;

impl Measure for FalsePositiveRate {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "false_positive_rate",
            definition: "predicted positives of all that are not; only with a positive class",
            unit: "",
            least: 0.0,
            most: 1.0,
            better: Better::Lower,
        }
    }

    fn of(&self, quality: &Quality, positive: Option<&str>) -> Option<Measured> {
        let margins = Margins::sound(&quality.table)?;
        let spared = share(Proportion::FalsePositiveRate, &margins, positive)?;
        Measured::of_share(Share {
            good: spared.bad(),
            valid: spared.valid,
        })
    }
}

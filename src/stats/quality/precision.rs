//! Precision: share of predicted positives that were right.

use super::margins::{Margins, ratio};
use super::proportion::{Proportion, share};
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Share of right predictions among predicted positives. In the average over classes, a class that was never predicted
/// counts as 0.
pub struct Precision;

impl Measure for Precision {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "precision",
            definition: "true positives of all that were predicted positive; without a positive class the average over the classes",
            unit: "",
            least: 0.0,
            most: 1.0,
            better: Better::Higher,
        }
    }

    fn of(&self, quality: &Quality, positive: Option<&str>) -> Option<Measured> {
        let margins = Margins::sound(&quality.table)?;
        if positive.is_some() {
            return Measured::of_share(share(Proportion::Precision, &margins, positive)?);
        }
        let average = margins.macro_average(|class| ratio(class.hits, class.predicted))?;
        Measured::plain(average, margins.pairs)
    }
}

//! Recall: share of true positives that were found.

use super::margins::{Margins, ratio};
use super::proportion::{Proportion, share};
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Share of true positives that were predicted positive. In the average over classes, a class that was never true
/// counts as 0.
pub struct Recall;

impl Measure for Recall {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "recall",
            definition: "true positives of all that are positive; without a positive class the average over the classes",
            unit: "",
            least: 0.0,
            most: 1.0,
            better: Better::Higher,
        }
    }

    fn of(&self, quality: &Quality, positive: Option<&str>) -> Option<Measured> {
        let margins = Margins::sound(&quality.table)?;
        if positive.is_some() {
            return Measured::of_share(share(Proportion::Recall, &margins, positive)?);
        }
        let average = margins.macro_average(|class| ratio(class.hits, class.actual))?;
        Measured::plain(average, margins.pairs)
    }
}

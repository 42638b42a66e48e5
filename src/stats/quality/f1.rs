//! F1: the harmonic mean of precision and recall.

use super::margins::{Margin, Margins, ratio};
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Harmonic mean of precision and recall. It has no interval, because it is not a share of independent events.
pub struct F1;

impl Measure for F1 {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "f1",
            definition: "2 TP / (2 TP + FP + FN); without a positive class the average over the classes",
            unit: "",
            least: 0.0,
            most: 1.0,
            better: Better::Higher,
        }
    }

    fn of(&self, quality: &Quality, positive: Option<&str>) -> Option<Measured> {
        let margins = Margins::sound(&quality.table)?;
        let Some(positive) = positive else {
            return Measured::plain(margins.macro_average(f1)?, margins.pairs);
        };
        let class = margins.class(positive)?;
        let missed = class.actual.saturating_sub(class.hits);
        Measured::plain(f1(class), class.predicted.saturating_add(missed))
    }
}

fn f1(class: Margin) -> f64 {
    ratio(
        class.hits.saturating_mul(2),
        class.predicted.saturating_add(class.actual),
    )
}

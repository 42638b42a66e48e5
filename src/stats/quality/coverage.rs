//! Coverage: share of predictions whose truth is known.

use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::{Quality, Share};

/// Labelled ÷ predicted. It has no interval, because it is a full count and not a sample. It is not defined in panes by
/// label time if more predictions were labelled than made.
pub struct Coverage;

impl Measure for Coverage {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "coverage",
            definition: "labelled predictions of all predictions",
            unit: "",
            least: 0.0,
            most: 1.0,
            better: Better::Higher,
        }
    }

    fn of(&self, quality: &Quality, _: Option<&str>) -> Option<Measured> {
        let measured = Measured::of_share(Share {
            good: quality.labelled,
            valid: quality.predicted,
        })?;
        Measured::plain(measured.value, measured.count)
    }
}

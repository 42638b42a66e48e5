//! Coverage: of how many predictions the truth is known.

use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::{Quality, Share};

/// Labelled ÷ predicted. A fact and no sample, so it has no interval; by label time, where more may be labelled than
/// predicted, it is not defined.
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

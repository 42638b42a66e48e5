//! Expected calibration error: the distance between scores and observed rates.
//!
//! **Formula.** Σ over ten bins of equal width of |Σ (s − y)| ÷ n, where s is the middle of the score's cell. Ten cells
//! make one bin. The event is the positive class. Without a positive class, the event is a right prediction, and the
//! score is the confidence in it.
//!
//! **Limits.** Bins are whole cells, so the result differs from that of the raw scores by at most 0.005. It is biased
//! upwards: a perfectly calibrated model shows about 0.8·√(p(1 − p)·bins in use ÷ n), which is 0.04 at n = 500 over ten
//! bins. **Source.** Naeini et al. 2015. **Rejected.** Bins of equal counts, because their edges move with the data, so
//! results cannot be compared.

use std::collections::BTreeMap;

use super::scored::{Scored, ScoredCell};
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Number of score cells in one bin.
const BIN_CELLS: u8 = 10;

/// Expected calibration error over ten bins.
pub struct CalibrationError;

impl Measure for CalibrationError {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "calibration_error",
            definition: "mean over ten equal-width bins, by their counts, of |mean score - rate of the event|; without a positive class of the confidence",
            unit: "",
            least: 0.0,
            most: 1.0,
            better: Better::Lower,
        }
    }

    fn of(&self, quality: &Quality, positive: Option<&str>) -> Option<Measured> {
        let scored = Scored::of(&quality.table, positive)?;
        let mut bins: BTreeMap<u8, i128> = BTreeMap::new();
        for cell in scored.cells() {
            *bins.entry(cell.cell / BIN_CELLS).or_default() += gap(cell);
        }
        let gaps: u128 = bins.values().map(|gap| gap.unsigned_abs()).sum();
        let pairs = scored.total.valid;
        Measured::plain(gaps as f64 / (200.0 * pairs as f64), pairs)
    }
}

/// 200 times the sum of score − outcome. It is an integer, because the middle of a cell is a multiple of 1/200.
fn gap(cell: ScoredCell) -> i128 {
    let (occurred, failed) = (i128::from(cell.occurred), i128::from(cell.failed));
    (2 * i128::from(cell.cell) + 1) * (occurred + failed) - 200 * occurred
}

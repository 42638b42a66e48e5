//! Area under the ROC curve: the probability that a positive has a higher score than a negative.
//!
//! **Formula.** Σ over cells of occurred·(failed below + ½ failed here) ÷ (positives · negatives). This is Mann–Whitney's U
//! on the cells, with ties counted half. It is exact in integers until the last division.
//!
//! **Limits.** Every pair within one cell counts half, whichever score is higher. The result differs from the AUC of
//! the raw scores by at most ½ Σ occurred·failed of the same cell ÷ (positives · negatives): 0.005 if scores are spread
//! evenly over the cells. **Source.** Hanley and McNeil 1982. **Rejected.** Trapezoids over thresholds: the same number
//! with more work.

use super::scored::Scored;
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Area under the ROC curve, computed from score cells.
pub struct Auc;

impl Measure for Auc {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "auc",
            definition: "share of pairs of a positive and a negative in which the positive has the higher score cell, ties half",
            unit: "",
            least: 0.0,
            most: 1.0,
            better: Better::Higher,
        }
    }

    fn of(&self, quality: &Quality, positive: Option<&str>) -> Option<Measured> {
        let scored = Scored::of(&quality.table, Some(positive?))?;
        let (mut won_twice, mut below) = (0_i128, 0_i128);
        for cell in scored.cells() {
            let (occurred, failed) = (i128::from(cell.occurred), i128::from(cell.failed));
            won_twice += occurred * (2 * below + failed);
            below += failed;
        }
        let pairs = i128::from(scored.total.good) * i128::from(scored.total.bad());
        // Without positives or without negatives, 0/0 is not finite and gives `None`.
        Measured::plain(won_twice as f64 / (2 * pairs) as f64, scored.total.valid)
    }
}

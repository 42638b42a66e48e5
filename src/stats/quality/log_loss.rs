//! Log loss: the mean surprise of the scores at the outcomes.
//!
//! **Formula.** −(1/n) Σ ln s if the positive class occurred, ln(1 − s) if not; s is the middle of the score's cell.
//!
//! **Limits.** A middle is at least 0.005 away from 0 and 1. So each prediction costs between 0.005 and 5.3 nats, as if
//! raw scores were clipped to 0.005..0.995. Compared with such clipped scores, the loss of one prediction differs by at
//! most ln((k + ½)/k), where k is the number of hundredths given to the true outcome: ln 2 in the first cell, 0.05 at
//! k = 10, 0.01 at 50. The error has either sign, so the error of a mean is much smaller. **Rejected.** Raw scores without clipping, because
//! a single certain mistake makes the sum infinite.

use super::scored::Scored;
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Mean negative log-likelihood of the truths, in nats. Defined only with a positive class.
pub struct LogLoss;

impl Measure for LogLoss {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "log_loss",
            definition: "mean of -ln of the probability that was given to the truth, scores at the middles of their cells",
            unit: "nats",
            least: 0.0,
            most: 5.298_317_366_548_037, // ln 200
            better: Better::Lower,
        }
    }

    fn of(&self, quality: &Quality, positive: Option<&str>) -> Option<Measured> {
        let scored = Scored::of(&quality.table, Some(positive?))?;
        let loss =
            |score: f64, occurred: bool| -libm::log(if occurred { score } else { 1.0 - score });
        Measured::plain(scored.mean_loss(loss), scored.total.valid)
    }
}

//! Brier score: the mean squared distance of scores from what came true.
//!
//! **Formula.** (1/n) Σ (s − y)², s the middle of the score's cell, y 1 where the event came true, else 0. The event is the
//! positive class; without one that the prediction was right, of the confidence in it.
//!
//! **Limits.** Differs from that of the raw scores by at most 0.01; of calibrated scores that are spread within
//! their cells by (s − c)² on average, some 10⁻⁵. **Source.** Brier 1950.

use super::scored::Scored;
use super::{Better, Measure, MeasureAbout, Measured};
use crate::sketch::Quality;

/// Mean squared error of the scores as probabilities.
pub struct Brier;

impl Measure for Brier {
    fn about(&self) -> MeasureAbout {
        MeasureAbout {
            name: "brier",
            definition: "mean of (score - outcome)², scores at the middles of their cells; without a positive class of the confidence",
            unit: "",
            least: 0.0,
            most: 1.0,
            better: Better::Lower,
        }
    }

    fn of(&self, quality: &Quality, positive: Option<&str>) -> Option<Measured> {
        let scored = Scored::of(&quality.table, positive)?;
        let loss = |score: f64, came: bool| {
            let miss = score - f64::from(u8::from(came));
            miss * miss
        };
        Measured::plain(scored.mean_loss(loss), scored.total.valid)
    }
}

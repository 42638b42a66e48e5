//! Brier score: the mean squared distance between scores and outcomes.
//!
//! **Formula.** (1/n) Σ (s − y)², where s is the middle of the score's cell and y is 1 if the event occurred, else 0.
//! The event is the positive class. Without a positive class, the event is a right prediction, and the score is the
//! confidence in it.
//!
//! **Limits.** It differs from the Brier score of the raw scores by at most 0.01. For calibrated scores, the difference
//! is the mean of (s − c)² within the cells, about 10⁻⁵. **Source.** Brier 1950.

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
        let loss = |score: f64, occurred: bool| {
            let miss = score - f64::from(u8::from(occurred));
            miss * miss
        };
        Measured::plain(scored.mean_loss(loss), scored.total.valid)
    }
}

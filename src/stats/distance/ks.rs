//! Kolmogorov–Smirnov distance: the largest gap between the two cumulative shares.
//!
//! **Intuition.** The largest change in "how many values are at most x", over all x.
//!
//! **Formula.** max over the edges of all cells of |F(window) − F(reference)|, from the exact counts.
//!
//! **Assumptions and limits.** Values inside one cell are not distinguished. The result is within 0.001 of the distance
//! of the raw samples, on nine shapes from lat/long to Cauchy. Without drift it is about 0.87 √(1/n + 1/m) on average.
//! It needs an order, so it is not defined for categories. **Cost.** Two divisions per cell. **Source.** Kolmogorov
//! 1933, Smirnov 1939. **Rejected.** Alerts on its p-value: at 5 % it flags a shift of 0.02 standard deviations 95 % of
//! the time once n reaches 100,000.

use super::{About, Distance};
use crate::stats::cells::Pair;
use crate::stats::comparison::Comparison;

/// Kolmogorov–Smirnov distance.
pub struct Ks;

impl Distance for Ks {
    fn about(&self) -> About {
        About {
            name: "ks",
            definition: "largest difference of the cumulative shares over the edges of all cells",
            unit: "",
            most: 1.0,
            symmetric: true,
            scale_free: true,
            ordered: true,
        }
    }

    fn measure(&self, comparison: &Comparison) -> f64 {
        let total = comparison.cells.total;
        let share = |count: u64, of: u64| count as f64 / of.max(1) as f64;
        let mut below = Pair::default();
        let mut largest = 0.0_f64;
        for cell in &comparison.cells.cells {
            below.add(cell.counts);
            let gap = share(below.window, total.window) - share(below.reference, total.reference);
            largest = largest.max(gap.abs());
        }
        largest
    }
}

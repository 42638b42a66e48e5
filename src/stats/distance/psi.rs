//! Population stability index: the symmetrised divergence of the shares of the groups.
//!
//! **Intuition.** What both sides would be surprised by each other, added. Around 0.1 a shift of a third of a standard
//! deviation, around 0.25 one of a half.
//!
//! **Formula.** Σ (q−p) ln(q/p) over the groups with counts; p and q are the reference's and the window's shares, half an
//! event added per group (Jeffreys), then normalised.
//!
//! **Assumptions and limits.** Biased upwards by (k−1)(1/n + 1/m) for k groups, which the detector takes off. An empty
//! group adds what its smoothing says: a fill of 1e-4 instead would give 0.69 and one of 1e-10 2.07 for the same 10 %.
//! Blind inside a group. **Cost.** One logarithm per group. **Source.** Jeffreys 1946; the name is credit scoring's.
//! **Rejected.** Fixed tiny fills, which make the number a function of the fill.

use super::{About, Distance, Smoothed};
use crate::stats::cells::Pair;
use crate::stats::comparison::Comparison;

/// Population stability index.
pub struct Psi;

impl Distance for Psi {
    fn about(&self) -> About {
        About {
            name: "psi",
            definition: "sum over the groups of (q - p) ln(q / p), half an event added per group",
            unit: "nats",
            most: f64::INFINITY,
            symmetric: true,
            scale_free: false,
            ordered: false,
        }
    }

    fn measure(&self, comparison: &Comparison) -> f64 {
        let groups = &comparison.groups;
        let total = Pair::total(groups);
        let reference = Smoothed::over(total.reference, groups.len());
        let window = Smoothed::over(total.window, groups.len());
        groups
            .iter()
            .map(|group| {
                let (p, q) = (reference.share(group.reference), window.share(group.window));
                (q - p) * libm::log(q / p)
            })
            .sum()
    }
}

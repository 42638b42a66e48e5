//! Population stability index (PSI): the symmetrized divergence between the shares of the groups.
//!
//! **Intuition.** The surprise of each side at the other, added up. A value around 0.1 is a shift of a third of a
//! standard deviation; around 0.25, a shift of half of one.
//!
//! **Formula.** Σ (q−p) ln(q/p) over the groups with counts. p and q are the shares of the reference and the window.
//! Half an event is added per group (Jeffreys), then the shares are normalized.
//!
//! **Assumptions and limits.** It is biased upwards by (k−1)(1/n + 1/m) for k groups; the detector subtracts this. The
//! contribution of an empty group depends on the smoothing: instead of half an event, a fill of 1e-4 would give 0.69
//! and one of 1e-10 would give 2.07 for the same 10 %. Changes inside a group are not seen. **Cost.** One logarithm per
//! group. **Source.** Jeffreys 1946; the name comes from credit scoring. **Rejected.** Tiny fixed fills, because the
//! result then depends on the fill.

use super::smoothed::Smoothed;
use super::{About, Distance};
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
        population_stability(&comparison.groups)
    }
}

/// PSI of groups that hold at least one event each, in nats.
#[must_use]
pub fn population_stability(groups: &[Pair]) -> f64 {
    let total = Pair::total(groups);
    let reference = Smoothed::over(total.reference, groups.len());
    let window = Smoothed::over(total.window, groups.len());
    let terms = groups.iter().map(|group| {
        let (p, q) = (reference.share(group.reference), window.share(group.window));
        (q - p) * libm::log(q / p)
    });
    terms.sum()
}

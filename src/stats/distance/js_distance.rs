//! Jensen–Shannon distance, base 2: how well a single value reveals whether it is from the window or the reference.
//!
//! **Intuition.** Draw a value from either side at even odds. The divergence is the part of one bit that the value
//! reveals about its side. The root of the divergence is a metric.
//!
//! **Formula.** √(½Σ p log₂(2p/(p+q)) + ½Σ q log₂(2q/(p+q))) over all cells of both sides. Half an event is added per
//! cell (Jeffreys), then the shares are normalized.
//!
//! **Assumptions and limits.** Over many cells with few events, it is far from 0 even without drift (0.25 at n = 200
//! to 1,000 over 500 cells). So it is reported but never alerts. Compare it only with its own past at similar n. A
//! value of "0.1" has other meanings elsewhere: some tools publish the distance in nats, others the divergence in bits
//! without the root. **Cost.** Two logarithms per cell. **Source.** Lin 1991; Endres and Schindelin 2003 for the root.
//! **Rejected.** The divergence itself, because it is not a metric and looks small.

use super::smoothed::Smoothed;
use super::{About, Distance};
use crate::stats::comparison::Comparison;

/// Jensen–Shannon distance.
pub struct JsDistance;

impl Distance for JsDistance {
    fn about(&self) -> About {
        About {
            name: "js_distance",
            definition: "square root of the Jensen-Shannon divergence in bits over all cells, half an event added per cell",
            unit: "",
            most: 1.0,
            symmetric: true,
            scale_free: false,
            ordered: false,
        }
    }

    fn measure(&self, comparison: &Comparison) -> f64 {
        let paired = &comparison.cells;
        let reference = Smoothed::over(paired.total.reference, paired.cells.len());
        let window = Smoothed::over(paired.total.window, paired.cells.len());
        let nats: f64 = paired
            .cells
            .iter()
            .map(|cell| {
                let p = reference.share(cell.counts.reference);
                let q = window.share(cell.counts.window);
                betrayed(p, q)
            })
            .sum();
        libm::sqrt((nats / 2.0 / std::f64::consts::LN_2).clamp(0.0, 1.0))
    }
}

fn betrayed(p: f64, q: f64) -> f64 {
    let mean = (p + q) / 2.0;
    p * libm::log(p / mean) + q * libm::log(q / mean)
}

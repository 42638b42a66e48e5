//! Distances between a window and its reference: one file and two lines here each.
//!
//! Detectors, reports, documentation and the law tests derive from [`DISTANCES`]. Which one alerts is the detectors' affair.

use super::comparison::Comparison;

mod js_distance;
mod ks;
mod psi;

pub use psi::Psi; // the one that alerts; the others are met in the table

/// Every distance, in the order of the documentation.
pub static DISTANCES: &[&dyn Distance] = &[&psi::Psi, &ks::Ks, &js_distance::JsDistance];

/// How far a window is from its reference, as one number; 0 where both have the same counts.
pub trait Distance: Sync {
    /// What it is; the laws it claims are tested.
    fn about(&self) -> About;

    /// The distance; meaningful only where both sides hold events.
    fn measure(&self, comparison: &Comparison) -> f64;
}

/// What a distance is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct About {
    /// Its stable name: in alerts, reports and metrics.
    pub name: &'static str,
    /// Its definition, in one sentence.
    pub definition: &'static str,
    /// The unit; empty for a ratio.
    pub unit: &'static str,
    /// The largest value it can take.
    pub most: f64,
    /// Whether window and reference may change places.
    pub symmetric: bool,
    /// Whether only the shares count, not how many events they come from.
    pub scale_free: bool,
    /// Whether it needs cells in the order of values, and so means nothing of categories.
    pub ordered: bool,
}

/// Shares smoothed by Jeffreys' prior: half an event more in each of `places`, then normalised.
#[derive(Debug, Clone, Copy)]
struct Smoothed {
    total: f64,
}

impl Smoothed {
    fn over(events: u64, places: usize) -> Self {
        Self {
            total: events as f64 + 0.5 * places as f64,
        }
    }

    fn share(self, count: u64) -> f64 {
        (count as f64 + 0.5) / self.total
    }
}

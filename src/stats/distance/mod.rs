//! Distances between a window and its reference. Each distance is one file and two lines here.
//!
//! Detectors, reports, documentation and the property tests derive from [`DISTANCES`]. Detectors decide which distance
//! alerts.

use super::comparison::Comparison;

mod js_distance;
mod ks;
mod psi;

pub use psi::Psi; // used for alerts; other distances are reached through the table

/// Every distance, in the order of the documentation.
pub static DISTANCES: &[&dyn Distance] = &[&psi::Psi, &ks::Ks, &js_distance::JsDistance];

/// Distance between a window and its reference as one number. It is 0 if both have the same counts.
pub trait Distance: Sync {
    /// Describes the distance. Tests check the properties it states.
    fn about(&self) -> About;

    /// Computes the distance. The result is meaningful only if both sides hold events.
    fn measure(&self, comparison: &Comparison) -> f64;
}

/// Description of a distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct About {
    /// Stable name in alerts, reports and metrics.
    pub name: &'static str,
    /// Definition in one sentence.
    pub definition: &'static str,
    /// Unit; empty for a ratio.
    pub unit: &'static str,
    /// Largest possible value.
    pub most: f64,
    /// True if swapping window and reference does not change the value.
    pub symmetric: bool,
    /// True if the value depends only on the shares, not on the number of events.
    pub scale_free: bool,
    /// True if cells must be in the order of values. Such a distance has no meaning for categories.
    pub ordered: bool,
}

/// Shares smoothed by Jeffreys' prior: half an event is added in each of `places`, then shares are normalized.
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

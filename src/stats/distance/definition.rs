//! Interface of a distance, and its description.

use crate::stats::Comparison;

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

//! Limits on the number of names.

use crate::pipeline::plan::Plan;
use crate::window::WindowLength;

/// Limits on names.
#[derive(Debug, Clone, Copy)]
pub struct NameLimits {
    /// Models of the partition.
    pub models: usize,
    /// Versions of a model.
    pub versions: usize,
    /// Minutes of silence after which a version gives way to a new one: the longest window that is reported, in which nothing
    /// of it is left.
    pub silent_minutes: i64,
    /// Features of a version.
    pub features: usize,
    /// Values of a segment key of a model.
    pub values: usize,
}

impl NameLimits {
    /// The limits of `plan`.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        Self {
            models: plan.bounds.models_max,
            versions: plan.bounds.versions_max,
            silent_minutes: plan.longest_reported().map_or(0, WindowLength::minutes),
            features: plan.bounds.features_max,
            values: plan.segments.values_max,
        }
    }
}

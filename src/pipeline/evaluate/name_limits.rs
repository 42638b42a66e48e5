//! Limits on the number of names.

use crate::pipeline::plan::Plan;

/// Limits on names.
#[derive(Debug, Clone, Copy)]
pub struct NameLimits {
    /// Models of the partition.
    pub models: usize,
    /// Versions of a model.
    pub versions: usize,
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
            features: plan.bounds.features_max,
            values: plan.segments.values_max,
        }
    }
}

//! `bounds`: limits on what is kept in memory.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use super::period_range::PeriodRange;
use crate::pipeline;

/// Limits on what is kept in memory. When a limit is reached, known names stay, new names are admitted by hash, and
/// `/metrics` counts what is left out. A minute that is still open keeps at most twice as many new names as a limit admits. With the default windows a feature takes some hundred sparse histograms of 0.3
/// KB to 1.3 KB each (an estimate, not a measurement). A model takes the sum of its features.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoundsConfig {
    /// Maximum number of models per internal partition, 1 to 10000. There are 16 internal partitions.
    pub models: usize,
    /// Maximum number of versions per model, 1 to 1000. When a model has that many, the one that was silent the longest
    /// makes room for a new one, if it was silent for the longest window that is reported. Otherwise the new one is only counted.
    pub versions: usize,
    /// Maximum number of features per model and version, 1 to 20000.
    pub features: usize,
    /// Event time after which a name that no longer occurs is forgotten: whole hours, 24h to 90d, at least the longest of
    /// `windows`. Choose more than the longest pause you expect of a model.
    pub retire: Period,
}

impl Default for BoundsConfig {
    fn default() -> Self {
        Self {
            models: 200,
            versions: 20,
            features: 1_000,
            retire: Period::days(30),
        }
    }
}

/// Accepted values of `retire`.
const RETIRE: PeriodRange = PeriodRange {
    from: Period::hours(24),
    to: Period::days(90),
    step: Period::hours(1),
};

impl BoundsConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> pipeline::Bounds {
        faults.require_within("bounds.models", &self.models, 1..=10_000);
        faults.require_within("bounds.versions", &self.versions, 1..=1_000);
        faults.require_within("bounds.features", &self.features, 1..=20_000);
        pipeline::Bounds {
            models_max: self.models,
            versions_max: self.versions,
            features_max: self.features,
            retire_minutes: RETIRE
                .minutes("bounds.retire", self.retire, faults)
                .unwrap_or(0),
        }
    }
}

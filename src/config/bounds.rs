//! `bounds`: how much is kept at most.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use crate::pipeline;

/// How much is kept at most. Beyond a bound, known names stay, new ones are admitted by hash, and what is left out is counted in
/// `/metrics`. A feature is some hundred sparse histograms of 0.3 KB to 1.3 KB each
/// with the default windows (an estimate, not a measurement); a model is the sum of its features.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoundsConfig {
    /// Models per internal partition (there are 16), 1 to 10000.
    pub models: usize,
    /// Versions per model, 1 to 1000.
    pub versions: usize,
    /// Features per model and version, 1 to 20000.
    pub features: usize,
    /// Event time after which a name that fell silent is forgotten: whole hours, 24h to 90d. Longer than the longest pause that a model is expected
    /// to make.
    pub retire: Period,
}

impl Default for BoundsConfig {
    fn default() -> Self {
        Self {
            models: 200,
            versions: 20,
            features: 1_000,
            retire: Period::days(7),
        }
    }
}

impl BoundsConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> pipeline::Bounds {
        faults.require_within("bounds.models", &self.models, 1..=10_000);
        faults.require_within("bounds.versions", &self.versions, 1..=1_000);
        faults.require_within("bounds.features", &self.features, 1..=20_000);
        let minutes = self
            .retire
            .as_minutes()
            .filter(|m| m % 60 == 0 && (1_440..=90 * 1_440).contains(m));
        let wrong = format!("{} is not 24h to 90d in whole hours", self.retire);
        faults.require(minutes.is_some(), "bounds.retire", wrong, "use 24h, 7d …");
        pipeline::Bounds {
            models_max: self.models,
            versions_max: self.versions,
            features_max: self.features,
            retire_minutes: minutes.unwrap_or(0),
        }
    }
}

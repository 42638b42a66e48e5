//! What limits turned away from one minute, counted so that early drops count the same as drops at the close.
//!
//! What a version lost is kept apart from what other versions lost. If the version itself is dropped later, that is forgotten:
//! its predictions are counted as a whole, and not once more by segment or by feature.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::Scope;
use crate::pipeline::observations::Overflow;

/// Why a scope is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnedAway {
    /// Its model is beyond the limit.
    Model,
    /// Its version is beyond the limit; its model is kept.
    Version,
    /// Its segment value is beyond the limit; its version is kept.
    Segment,
}

/// Counts of what limits turned away from one minute: of predictions in a pane, of labels in pending quality.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LeftOut {
    /// Predictions or labels of models that are not kept.
    models: u64,
    /// Predictions or labels of versions that are not kept, by model.
    versions: BTreeMap<String, u64>,
    /// By model and version, of versions that are kept so far.
    kept: BTreeMap<(String, String), LeftOutOfVersion>,
}

/// Counts of what limits turned away from one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct LeftOutOfVersion {
    /// Values of features.
    features: u64,
    /// Predictions or labels that are not counted in a segment. The whole counts them.
    segments: u64,
}

impl LeftOut {
    /// True if nothing was turned away.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models == 0 && self.versions.is_empty() && self.kept.is_empty()
    }

    /// Counts `count` predictions or labels of a scope that is not kept.
    pub fn count(&mut self, why: TurnedAway, scope: &Scope, count: u64) {
        match why {
            TurnedAway::Segment => self.of(scope).segments += count,
            _ if scope.segment.is_some() => {} // in the count of its whole
            TurnedAway::Model => {
                let of_versions = self.versions.remove(&scope.model).unwrap_or(0);
                self.models += count + of_versions;
                self.kept.remove(&version(scope));
            }
            TurnedAway::Version => {
                *self.versions.entry(scope.model.clone()).or_default() += count;
                self.kept.remove(&version(scope));
            }
        }
    }

    /// Predictions or labels of versions that are not kept, by model.
    pub fn of_versions(&self) -> impl Iterator<Item = (&str, u64)> {
        let versions = self.versions.iter();
        versions.map(|(model, count)| (model.as_str(), *count))
    }

    fn whole(&self) -> u64 {
        self.models + self.versions.values().sum::<u64>()
    }

    /// Counts `values` of features that are not kept in the whole `scope`.
    pub fn count_features(&mut self, scope: &Scope, values: u64) {
        if values > 0 {
            self.of(scope).features += values;
        }
    }

    /// The counts, of predictions in a pane.
    #[must_use]
    pub fn of_predictions(&self) -> Overflow {
        Overflow {
            predictions: self.whole(),
            features: self.kept.values().map(|of| of.features).sum(),
            segments: self.segments(),
            ..Overflow::default()
        }
    }

    /// The counts, of labels in pending quality.
    #[must_use]
    pub fn of_labels(&self) -> Overflow {
        Overflow {
            labels: self.whole(),
            segment_labels: self.segments(),
            ..Overflow::default()
        }
    }

    fn segments(&self) -> u64 {
        self.kept.values().map(|of| of.segments).sum()
    }

    fn of(&mut self, scope: &Scope) -> &mut LeftOutOfVersion {
        self.kept.entry(version(scope)).or_default()
    }
}

fn version(scope: &Scope) -> (String, String) {
    (scope.model.clone(), scope.version.clone())
}

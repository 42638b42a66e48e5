//! Open buffers of all scopes that one source has counted since the last flush.

use std::collections::BTreeMap;

use crate::detect::slo::Objective;
use crate::event::{Prediction, Scope};
use crate::pipeline::frame::{PanePartial, Summary};
use crate::pipeline::partition::{INTERNAL_PARTITIONS, partition_of_model};
use crate::pipeline::plan::Plan;
use crate::pipeline::segments::{Growth, ObjectiveShares, OpenVersion, entry};
use crate::sketch::{RecordPosition, Share};
use crate::window::Boundary;

/// Open buffers (scope × pane) that force a flush: 4 MB of pending keys at 20 features.
const OPEN_BUFFERS_MAX: usize = 512;
/// Features in open buffers that force a flush. Each holds up to 8 KB, more with many categories. A producer that
/// invents names must not fill the memory before the flush is due.
const OPEN_FEATURES_MAX: usize = 50_000;
/// Values since the last flush that force a flush: bounds the time of a single flush.
const PENDING_VALUES_MAX: u64 = 20_000_000;

/// Open buffers by model and version.
#[derive(Default)]
pub(super) struct OpenScopes {
    models: BTreeMap<String, BTreeMap<String, OpenVersion>>,
    size: Growth,
    /// Shares of the prediction that is being counted; kept to reuse its memory.
    shares: Vec<(usize, Share)>,
}

impl OpenScopes {
    /// Counts a prediction in the pane that begins at `start`.
    pub fn push(
        &mut self,
        prediction: &Prediction<'_>,
        start: Boundary,
        plan: &Plan,
        position: impl Fn() -> RecordPosition,
    ) {
        objective_shares(&plan.objectives, prediction, &mut self.shares);
        let shares = ObjectiveShares {
            objectives: &plan.objectives,
            shares: &self.shares,
        };
        let versions = entry(&mut self.models, &prediction.model);
        let version = entry(versions, &prediction.version);
        self.size += version.whole.push(prediction, shares, start, &position);
        if !plan.segments.keys.is_empty() {
            let segments = &plan.segments;
            self.size += version.push_segments(prediction, shares, start, segments, &position);
        }
    }

    /// True if memory requires a flush now.
    pub fn is_full(&self) -> bool {
        self.size.buffers >= OPEN_BUFFERS_MAX
            || self.size.features >= OPEN_FEATURES_MAX
            || self.size.values >= PENDING_VALUES_MAX
    }

    /// Hands out everything, by partition of `panes`, and starts again empty.
    pub fn take(&mut self) -> Vec<Vec<Summary>> {
        let mut payloads: Vec<Vec<Summary>> =
            (0..INTERNAL_PARTITIONS).map(|_| Vec::new()).collect();
        for (model, versions) in std::mem::take(&mut self.models) {
            let partition = partition_of_model(&model) as usize;
            if let Some(of_partition) = payloads.get_mut(partition) {
                freeze_into(of_partition, &model, versions);
            }
        }
        self.size = Growth::default();
        payloads
    }
}

/// The share of `prediction` in each objective of its model, by the objective's place in the plan.
fn objective_shares(
    objectives: &[Objective],
    prediction: &Prediction<'_>,
    shares: &mut Vec<(usize, Share)>,
) {
    shares.clear();
    for (at, objective) in objectives.iter().enumerate() {
        if objective.is_about(&prediction.model)
            && let Some(share) = objective.sli.share_of_prediction(prediction)
        {
            shares.push((at, share));
        }
    }
}

fn freeze_into(payloads: &mut Vec<Summary>, model: &str, versions: BTreeMap<String, OpenVersion>) {
    for (version, mut open) in versions {
        open.freeze(|segment, start, partial| {
            let scope = Scope {
                model: model.to_owned(),
                version: version.clone(),
                segment,
            };
            payloads.push(Summary::Pane(PanePartial {
                scope,
                start,
                partial,
            }));
        });
    }
}

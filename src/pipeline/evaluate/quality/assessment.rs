//! Assessments: how the accuracy changed in a window that drifted, once its labels have come.

use super::super::slice::Slice;
use super::super::step::StepContext;
use super::knowledge::DriftToAssess;
use super::model_quality::ModelQuality;
use super::span::{MATURED_MINUTES, retained_resolution, widened};
use crate::alert::{Alert, Assessed};
use crate::pipeline::plan::Plan;
use crate::stats::{Proportion, proportion};
use crate::window::{Boundary, Span};

impl ModelQuality {
    /// Assesses each drift whose labels have mostly come.
    pub(super) fn assess(&mut self, model: &str, step: &mut StepContext<'_>) {
        let Some(maturity) = self.maturity else {
            return;
        };
        let (at, plan) = (step.at, step.plan);
        let drifts = std::mem::take(&mut self.knowledge.drifts);
        let (ripe, waiting) = drifts
            .into_iter()
            .partition(|drift| drift.window.end.plus_minutes(maturity.delay_minutes) <= at);
        self.knowledge.drifts = waiting;
        let ripe: Vec<DriftToAssess> = ripe;
        for drift in ripe {
            self.changed = true;
            if let Some(alert) = self.assessed(model, &drift, at, plan) {
                step.alert(alert);
            }
        }
    }

    /// The assessment of one drift; `None` for a model without classes.
    fn assessed(
        &self,
        model: &str,
        drift: &DriftToAssess,
        at: Boundary,
        plan: &Plan,
    ) -> Option<Alert> {
        let slice = Slice {
            version: drift.version.clone(),
            segment: drift.segment.clone(),
        };
        let window = widened(drift.window, retained_resolution(drift.window, at, plan));
        let before = Span {
            start: window.start.plus_minutes(-MATURED_MINUTES),
            end: window.start,
        };
        let accuracy = |span| {
            let panes = self.panes.get(&slice);
            let quality = panes
                .map(|panes| panes.by_prediction.merged(span))
                .unwrap_or_default();
            proportion(Proportion::Accuracy, &quality, None).unwrap_or_default()
        };
        let assessed = Assessed {
            model,
            key: drift.key,
            version: &drift.version,
            segment: drift.segment.as_ref(),
            start: drift.start,
            // The clock of predictions runs ahead of this one: the alert may have ended after `at`.
            ended: drift.ended.filter(|end| *end <= at),
            severity: drift.severity,
            at,
            window,
            measure: "accuracy",
            now: accuracy(window),
            before: accuracy(before),
        };
        let has_classes = assessed.now.valid > 0 || assessed.before.valid > 0;
        has_classes.then(|| Alert::assessment(&assessed, &plan.alert))
    }
}

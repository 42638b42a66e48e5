//! What an evaluate task holds, as metrics and the status page show it.

use super::{Evaluate, Model, remarks};
use crate::pipeline::observations::{
    AlertObservation, ModelObservation, Observations, Progress, ReferenceProgress,
};
use crate::pipeline::plan::Plan;
use crate::window::{Boundary, Span};

impl Evaluate {
    /// What the task holds now, and which alerts stand open: for a task that was just restored.
    #[must_use]
    pub fn observe_restored(&self) -> Observations {
        let mut observed = Observations::default();
        self.observe_into(&mut observed);
        let open = self.models.values().flat_map(Model::open_alerts);
        observed.alerts.extend(open);
        observed
    }

    /// Adds what the task holds now.
    pub(super) fn observe_into(&self, observed: &mut Observations) {
        let now = self.clock().map(Boundary::at_or_before).or(self.closed);
        let models = self.models.values();
        observed.models = models.map(|model| model.observe(now, &self.plan)).collect();
        observed.panes = self.pane_count() as u64;
        observed.idle = self.idle.get().clone();
        let patterns = self.models.values();
        let patterns = patterns.filter_map(|model| model.unpaged.idle_patterns());
        observed.idle_patterns = patterns.cloned().reduce(|idle, other| &idle & &other);
    }
}

impl Model {
    fn observe(&self, now: Option<Boundary>, plan: &Plan) -> ModelObservation {
        let reference = self.reference.as_ref();
        let now = now.unwrap_or(self.since());
        let progress = match reference {
            Some(reference) => ReferenceProgress::Learned {
                id: reference.id.clone(),
                is_provisional: reference.is_provisional(),
            },
            None => self.learning(now, plan),
        };
        ModelObservation {
            name: self.name().to_owned(),
            versions: self.knowledge.versions.len() as u64,
            subjects: reference.map_or(0, |reference| reference.subjects.len() as u64),
            unjudged: self.knowledge.unjudged,
            unpaged: self
                .unpaged
                .iter()
                .map(|(subject, why)| (subject.name(), why))
                .collect(),
            remarks: remarks::of(self, &progress, now, plan),
            reference: progress,
        }
    }

    /// How much of what a reference needs has been seen up to `now`.
    fn learning(&self, now: Boundary, plan: &Plan) -> ReferenceProgress {
        let span = Span {
            start: self.since(),
            end: now.max(self.since()),
        };
        let minutes = |minutes: i64| u64::try_from(minutes).unwrap_or(0);
        ReferenceProgress::Learning {
            span_minutes: Progress {
                done: minutes(self.traffic_minutes(None, span)),
                of: minutes(plan.learning.provisional_minutes),
            },
            events: Progress {
                done: self.coarse_predictions(None, span),
                of: plan.learning.events_min,
            },
        }
    }

    fn open_alerts(&self) -> impl Iterator<Item = AlertObservation> {
        let own = self.knowledge.episodes.open_alerts();
        let own = own.map(|alert| AlertObservation::open(self.name(), None, &alert));
        let objectives = self
            .objectives
            .episodes()
            .flat_map(move |(objective, episodes)| {
                let open = episodes.open_alerts();
                open.map(move |alert| AlertObservation::open(self.name(), Some(objective), &alert))
            });
        own.chain(objectives)
    }
}

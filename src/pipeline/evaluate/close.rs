//! Closes boundaries: panes and quality become final, and windows and objectives are judged.

use super::left_out::TurnedAway;
use super::name_limits::NameLimits;
use super::objective_evaluation::QualityDelta;
use super::open_names::OpenNames;
use super::pending_quality::labels_in;
use super::slice::Slice;
use super::step::StepContext;
use super::{Evaluate, Model, admission, close_model, objective_evaluation, retire};
use crate::pipeline::observations::Forgotten;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::window::{Boundary, Tier};

impl Evaluate {
    /// The next boundary of quality to close. The predictions of that boundary are always judged first.
    pub(super) fn next_quality_boundary(&self) -> Option<Boundary> {
        let clock = self.quality_clock().map(Boundary::at_or_before);
        self.pending_quality.next(clock, self.closed)
    }

    /// Counts the quality that became known in the minute that ends at `boundary`, then judges objectives and windows.
    pub(super) fn close_quality(&mut self, boundary: Boundary) -> Result<(), StageError> {
        let limits = NameLimits::of(&self.plan);
        let mut known = self.pending_quality.close(boundary, limits, &self.models);
        let mut step = StepContext {
            at: boundary,
            plan: &self.plan,
            outbox: &mut self.outbox,
            observations: &mut self.observations,
        };
        for ((scope, predicted), quality) in known.owners {
            let slice = Slice::from(&scope);
            let model = self.models.get_mut(&scope.model);
            match model.filter(|model| model.holds(&slice)) {
                Some(model) => {
                    let of = QualityDelta {
                        slice,
                        predicted,
                        quality,
                    };
                    objective_evaluation::count(model, &of, &mut step)?;
                }
                None => {
                    let why = why_not_held(self.models.get(&scope.model), slice.version);
                    known.left_out.count(why, &scope, labels_in(&quality));
                }
            }
        }
        step.observations.overflow += known.left_out.of_labels();
        for model in self.models.values_mut() {
            objective_evaluation::judge(model, &mut step)?;
        }
        self.changed = true;
        Ok(())
    }

    /// Counts quality again that was counted and judged before a restart, up to `until`.
    pub(super) fn close_quality_again(&mut self, until: Option<Boundary>) {
        while let Some(boundary) = self.pending_quality.next(until, until) {
            let limits = NameLimits::of(&self.plan);
            let known = self.pending_quality.close(boundary, limits, &self.models);
            for ((scope, predicted), quality) in known.owners {
                if let Some(model) = self.models.get_mut(&scope.model) {
                    let slice = Slice::from(&scope);
                    if model.holds(&slice) {
                        let quality_of = &mut model.quality;
                        quality_of.add(slice, predicted, boundary, &quality, &self.plan);
                    }
                }
            }
        }
    }

    /// The next boundary of predictions to close. Without any model, time without panes and without orders is skipped.
    pub(super) fn next_boundary(&self) -> Option<Boundary> {
        let target = Boundary::at_or_before(self.clock()?);
        let first_open = self.open.first().map(|start| start.plus_minutes(1));
        let next = match self.closed {
            Some(closed) if !self.models.is_empty() => closed.plus_minutes(1),
            _ => first_open.into_iter().chain(self.orders.next()).min()?,
        };
        (next <= target).then_some(next)
    }

    /// Closes the pane that ends at `boundary`, then judges the windows that end there.
    pub(super) fn close(&mut self, boundary: Boundary) -> Result<(), StageError> {
        let start = boundary.plus_minutes(-1);
        let limits = NameLimits::of(&self.plan);
        let names = OpenNames::of(limits, &self.models, start);
        let mut pane = self.open.close(start, names, &mut self.outbox)?;
        let forgotten = &mut self.observations.forgotten;
        admission::admit(limits, &mut self.models, &mut pane, start, forgotten);
        for (model, predictions) in pane.left_out.of_versions() {
            if let Some(model) = self.models.get_mut(model) {
                model.count_turned_away(start, predictions);
            }
        }
        self.observations.overflow += pane.left_out.of_predictions();
        for (scope, partial) in pane.scopes {
            self.outbox.put(
                &StateKey::Pane(scope.clone(), Tier::Minute, start),
                &partial,
            )?;
            if let Some(model) = self.models.get_mut(&scope.model) {
                let slice = Slice {
                    version: scope.version,
                    segment: scope.segment,
                };
                model.insert_pane(slice, start, partial);
            }
        }
        self.obey(boundary)?;
        let mut step = StepContext {
            at: boundary,
            plan: &self.plan,
            outbox: &mut self.outbox,
            observations: &mut self.observations,
        };
        for model in self.models.values_mut() {
            close_model::close(model, &mut step)?;
        }
        self.retire_models(boundary)?;
        self.closed = Some(boundary);
        self.changed = true;
        Ok(())
    }

    fn retire_models(&mut self, boundary: Boundary) -> Result<(), StageError> {
        let oldest = boundary.plus_minutes(-retire::silent_minutes(&self.plan));
        // A model with an open alert stays until the alert ends.
        let silent = self
            .models
            .values()
            .filter(|model| model.last_seen() < oldest && !model.has_alerts());
        let silent: Vec<String> = silent.map(|model| model.name().to_owned()).collect();
        for name in silent {
            if let Some(model) = self.models.remove(&name) {
                retire::forget(model, &mut self.outbox)?;
                self.observations.forgotten.push(Forgotten {
                    model: name,
                    ..Forgotten::default()
                });
            }
        }
        Ok(())
    }
}

/// Why `model` does not hold a slice of `version`.
fn why_not_held(model: Option<&Model>, version: String) -> TurnedAway {
    let whole = Slice {
        version,
        segment: None,
    };
    match model {
        Some(model) if model.holds(&whole) => TurnedAway::Segment,
        _ => TurnedAway::Version,
    }
}

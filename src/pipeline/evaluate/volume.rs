//! Volume: the predictions of each quarter of an hour against those of earlier weeks.

use super::case::budget;
use super::model::{Model, predictions_in};
use super::step::StepContext;
use crate::alert::ScopedFinding;
use crate::detect::volume::{NAME, SLOT_MINUTES, Slot};
use crate::window::{Span, WindowLength, WindowSpec};

/// Records the quarter of an hour that ends at this boundary and judges it.
pub fn judge(model: &mut Model, step: &StepContext<'_>) -> Vec<ScopedFinding> {
    let length = u32::try_from(SLOT_MINUTES).ok();
    let Some(length) = length.and_then(WindowLength::from_minutes) else {
        return Vec::new();
    };
    if !step.at.on_grid(SLOT_MINUTES) {
        return Vec::new();
    }
    let span = Span::ending_at(step.at, length);
    let slot = Slot::holding(span.start);
    let count = model
        .rings_of(None)
        .map(|(_, ring)| predictions_in(ring, span))
        .sum();
    model.knowledge.volume.record(slot, count);
    model.changed = true;
    if step.plan.detect.disabled.iter().any(|name| name == NAME) {
        return Vec::new();
    }
    let spec = WindowSpec {
        length,
        step_minutes: SLOT_MINUTES,
    };
    let budget = budget(model, &spec, step.plan);
    let finding = model.knowledge.volume.judge(slot, budget);
    let observed = |finding| ScopedFinding::whole(String::new(), length, finding);
    finding.into_iter().map(observed).collect()
}

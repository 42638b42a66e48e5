//! Volume: the predictions of each quarter of an hour against those of earlier weeks.

use super::model::{Model, predictions_in};
use super::step::StepContext;
use crate::alert::{AlertSettings, RuleTiming, ScopedFinding};
use crate::detect::volume::{NAME, SLOT_MINUTES, Slot, VolumeSettings, VolumeWindow};
use crate::pipeline::observations::VolumeObservation;
use crate::window::{Span, WindowLength};

/// Time that a change against earlier weeks must be over before its alert ends. The counts of an hour scatter around
/// the bound, so with less time a lasting fall by a fifth would be several alerts.
const KEEP_FIRING_MINUTES: i64 = 120;

/// Records the quarter of an hour that ends at this boundary and judges the windows that end with it.
pub fn judge(model: &mut Model, step: &mut StepContext<'_>) -> Vec<ScopedFinding> {
    let Some(slot_length) = length(SLOT_MINUTES) else {
        return Vec::new();
    };
    if !step.at.on_grid(SLOT_MINUTES) {
        return Vec::new();
    }
    let span = Span::ending_at(step.at, slot_length);
    let slot = Slot::holding(span.start);
    let count = model
        .rings_of(None)
        .map(|(_, ring)| predictions_in(ring, span))
        .sum();
    let plan = step.plan;
    let series = &mut model.knowledge.volume;
    series.record(slot, count);
    model.changed = true;
    if plan.detect.disabled.iter().any(|name| name == NAME) {
        return Vec::new();
    }
    let budget = VolumeSettings::budget(plan.detect.false_alarms_per_30_days);
    let judged = series.judge(slot, &plan.volume, budget);
    let mut findings = Vec::new();
    for window in judged {
        let Some(length) = length(window.minutes) else {
            continue;
        };
        let observed = VolumeObservation::of(&window, step.at);
        let key = (model.knowledge.name.clone(), length);
        step.observations.volume.insert(key, observed);
        findings.push(scoped(window, length, &plan.alert));
    }
    findings
}

fn length(minutes: i64) -> Option<WindowLength> {
    WindowLength::from_minutes(u32::try_from(minutes).ok()?)
}

fn scoped(window: VolumeWindow, length: WindowLength, settings: &AlertSettings) -> ScopedFinding {
    let lasting = window.is_against_weeks.then(|| RuleTiming {
        hold_minutes: settings.hold_minutes,
        keep_firing_minutes: settings.keep_firing_minutes.max(KEEP_FIRING_MINUTES),
    });
    ScopedFinding {
        lasting,
        ..ScopedFinding::whole(String::new(), length, window.finding)
    }
}

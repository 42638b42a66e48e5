//! Publishing: the alerts of a model, except those of objectives, and learned references.

use super::model::Model;
use super::quality::DriftToAssess;
use super::step::StepContext;
use crate::alert::{
    Alert, AlertContent, AlertKind, Cause, Change, Context, Episodes, ScopedFinding,
    reference_records,
};
use crate::pipeline::output::{Output, OutputTopic};
use crate::pipeline::plan::Plan;
use crate::sketch::{Exemplars, Monoid};
use crate::window::{Boundary, Span};

/// Largest part of a published reference, in bytes. A default broker accepts records of about 1 MB.
const REFERENCE_BYTES_MAX: usize = 400 << 10;

/// Updates the alerts of a model with the findings of a boundary, and publishes each change.
pub fn alerts(model: &mut Model, observed: &[ScopedFinding], step: &mut StepContext<'_>) {
    let (at, plan) = (step.at, step.plan);
    let was_empty = model.knowledge.episodes.is_empty();
    if !(was_empty && observed.is_empty()) {
        let advance = |episodes: &mut Episodes, context: &Context<'_>| {
            step.advance(episodes, observed, context)
        };
        for alert in change(model, (at, plan), advance) {
            match (alert.key(), alert.change) {
                (_, Change::Opened) if plan.joins() && alert.kind() == AlertKind::Drift => {
                    let dropped = model.quality.expect(drift(&alert, at));
                    step.observations.overflow.assessments += dropped;
                }
                (Some(key), Change::Resolved) => model.quality.end_drift(key, at),
                _ => {}
            }
            step.alert(alert);
        }
    }
    // An active cause remembers the boundary of its latest finding, so the knowledge changes at every boundary.
    model.changed |= !(was_empty && model.knowledge.episodes.is_empty());
}

/// Ends alerts of a model because their findings no longer count, as `end` does, and publishes each change.
pub fn end_alerts(
    model: &mut Model,
    step: &mut StepContext<'_>,
    end: impl FnOnce(&mut Episodes, &Context<'_>) -> Vec<Alert>,
) {
    let alerts = change(model, (step.at, step.plan), end);
    model.changed |= !alerts.is_empty();
    for alert in alerts {
        if let (Some(key), Change::Resolved) = (alert.key(), alert.change) {
            model.quality.end_drift(key, step.at);
        }
        step.alert(alert);
    }
}

/// Changes the episodes of a model as `how` does, and returns the alerts to publish.
fn change(
    model: &mut Model,
    (at, plan): (Boundary, &Plan),
    how: impl FnOnce(&mut Episodes, &Context<'_>) -> Vec<Alert>,
) -> Vec<Alert> {
    let mut episodes = std::mem::take(&mut model.knowledge.episodes);
    let exemplars = |cause: &Cause| exemplars(model, cause, at);
    let reference_id = |cause: &Cause| {
        let reference = model.reference_of(cause.segment.as_ref());
        reference.map(|reference| reference.id.clone())
    };
    let context = Context {
        model: model.name(),
        objective: None,
        settings: &plan.alert,
        reference_id: &reference_id,
        exemplars: &exemplars,
    };
    let alerts = how(&mut episodes, &context);
    model.knowledge.episodes = episodes;
    alerts
}

/// The strongest drift behind an alert that has just opened.
fn drift(alert: &Alert, at: Boundary) -> Option<DriftToAssess> {
    let AlertContent::Causes(causes) = &alert.content else {
        return None;
    };
    let (cause, evidence) = &causes.first;
    Some(DriftToAssess {
        key: causes.key,
        version: cause.version.clone(),
        segment: cause.segment.clone(),
        start: at,
        ended: None,
        severity: alert.severity,
        window: Span::ending_at(evidence.at, cause.length),
    })
}

/// Exemplars: a few predictions in the window of a cause.
pub fn exemplars(model: &Model, cause: &Cause, at: Boundary) -> Exemplars {
    let mut chosen = Exemplars::default();
    let span = Span::ending_at(at, cause.length);
    let rings = model
        .rings_of(cause.segment.as_ref())
        .filter(|(slice, _)| cause.version.is_empty() || slice.version == cause.version);
    for pane in rings.flat_map(|(_, ring)| ring.panes_of(span)) {
        chosen.merge(&pane.exemplars);
    }
    chosen
}

/// Publishes the references that learning or orders changed at this boundary, as they are at its end. So two references of one
/// model are never in force since the same time, and the latest time tells which one is.
pub fn changed_references(model: &mut Model, step: &mut StepContext<'_>) {
    for segment in std::mem::take(&mut model.unpublished) {
        let Some(reference) = model.reference_of(segment.as_ref()) else {
            continue;
        };
        let days = segment.is_none().then_some(model.knowledge.reference_days);
        for part in reference_records(reference, (days, step.at), REFERENCE_BYTES_MAX) {
            let (key, value) = (part.key(), part.value());
            let record = Output::plain(OutputTopic::References, key, value);
            step.outbox.publish(record);
        }
    }
}

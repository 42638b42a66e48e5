//! Publishing: the alerts of a model, except those of objectives, and learned references.

use super::model::Model;
use super::quality::DriftToAssess;
use super::step::StepContext;
use crate::alert::{
    Alert, AlertKind, Cause, Change, Context, Episodes, ScopedFinding, Severity, reference_records,
};
use crate::detect::Family;
use crate::pipeline::output::{Output, OutputTopic};
use crate::reference::Reference;
use crate::sketch::{Exemplars, Monoid};
use crate::window::{Boundary, Span};

/// Largest part of a published reference, in bytes. A default broker accepts records of about 1 MB.
const REFERENCE_BYTES_MAX: usize = 400 << 10;

/// Updates the alerts of a model with the findings of a boundary, and publishes each change.
pub fn alerts(model: &mut Model, observed: &[ScopedFinding], step: &mut StepContext<'_>) {
    let (at, plan) = (step.at, step.plan);
    let mut episodes = std::mem::take(&mut model.knowledge.episodes);
    let was_empty = episodes.is_empty();
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
    if !(was_empty && observed.is_empty()) {
        for alert in step.advance(&mut episodes, observed, &context) {
            match (alert.kind(), alert.change) {
                (AlertKind::Drift, Change::Opened) if plan.joins() => {
                    let dropped = model.quality.expect(drift(&episodes, alert.severity, at));
                    step.observations.overflow.assessments += dropped;
                }
                (AlertKind::Drift, Change::Resolved) => model.quality.end_drift(at),
                _ => {}
            }
            step.alert(alert);
        }
    }
    // An active cause remembers the boundary of its latest finding, so the knowledge changes at every boundary.
    model.changed |= !(was_empty && episodes.is_empty());
    model.knowledge.episodes = episodes;
}

/// Ends alerts of a model because their findings no longer count, as `end` does, and publishes each change.
pub fn end_alerts(
    model: &mut Model,
    step: &mut StepContext<'_>,
    end: impl FnOnce(&mut Episodes, &Context<'_>) -> Vec<Alert>,
) {
    let mut episodes = std::mem::take(&mut model.knowledge.episodes);
    let shown = |cause: &Cause| exemplars(model, cause, step.at);
    let reference_id = |cause: &Cause| {
        let reference = model.reference_of(cause.segment.as_ref());
        reference.map(|reference| reference.id.clone())
    };
    let context = Context {
        model: model.name(),
        objective: None,
        settings: &step.plan.alert,
        reference_id: &reference_id,
        exemplars: &shown,
    };
    let alerts = end(&mut episodes, &context);
    model.changed |= !alerts.is_empty();
    model.knowledge.episodes = episodes;
    for alert in alerts {
        if (alert.kind(), alert.change) == (AlertKind::Drift, Change::Resolved) {
            model.quality.end_drift(step.at);
        }
        step.alert(alert);
    }
}

/// The strongest drift behind an alert that has just opened.
fn drift(episodes: &Episodes, severity: Severity, at: Boundary) -> Option<DriftToAssess> {
    let causes = episodes
        .firing()
        .filter(|(cause, _)| cause.family == Family::Drift);
    let (cause, evidence) = causes.max_by(|(_, a), (_, b)| a.effect.total_cmp(&b.effect))?;
    Some(DriftToAssess {
        version: cause.version.clone(),
        segment: cause.segment.clone(),
        start: at,
        ended: None,
        severity,
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

/// The records of a learned reference, in parts.
pub fn reference(reference: &Reference) -> impl Iterator<Item = Output> {
    reference_records(reference, REFERENCE_BYTES_MAX)
        .into_iter()
        .map(|part| Output::plain(OutputTopic::References, part.key(), part.value()))
}

//! What evaluate publishes: alerts, the reports of windows, references, and losses that were accepted.

use super::judge::BoundaryFindings;
use super::model::Model;
use super::quality::Drift;
use super::slice::Slice;
use super::step::StepContext;
use crate::alert::{
    AlertKind, Cause, Change, Context, Episodes, Observed, Report, Severity, reference_records,
};
use crate::detect::{Family, Finding};
use crate::pipeline::output::{Output, OutputTopic};
use crate::reference::Reference;
use crate::sketch::{Exemplars, Monoid, Partial, Subject};
use crate::window::{Boundary, Span, WindowLength};

/// Bytes of one part of a published reference: it fits a default broker's record with room to spare.
const REFERENCE_BYTES_MAX: usize = 400 << 10;

/// Moves the alerts of a model by what was found at a boundary.
pub fn alerts(model: &mut Model, found: &BoundaryFindings, step: &mut StepContext<'_>) {
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
    if !(was_empty && found.observed.is_empty()) {
        for alert in episodes.observe(at, &found.observed, &context) {
            match (alert.kind(), alert.change) {
                (AlertKind::Drift, Change::Opened) if plan.joins() => {
                    model.quality.expect(drift(&episodes, alert.severity, at));
                }
                (AlertKind::Drift, Change::Resolved) => model.quality.end_drift(at),
                _ => {}
            }
            step.alert(alert);
        }
    }
    // An active cause remembers when it was last heard: that is news at every boundary.
    model.changed |= !(was_empty && episodes.is_empty());
    model.knowledge.episodes = episodes;
}

/// What drifts most in an alert that has just opened.
fn drift(episodes: &Episodes, severity: Severity, at: Boundary) -> Option<Drift> {
    let causes = episodes
        .firing()
        .filter(|(cause, _)| cause.family == Family::Drift);
    let (cause, evidence) = causes.max_by(|(_, a), (_, b)| a.effect.total_cmp(&b.effect))?;
    Some(Drift {
        version: cause.version.clone(),
        segment: cause.segment.clone(),
        start: at,
        ended: None,
        severity,
        window: Span::ending_at(evidence.at, cause.length),
    })
}

/// A few predictions behind a cause at a boundary.
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

/// Publishes the summary of each window that ends here and begins where the one before it ended.
pub fn reports(model: &Model, found: &BoundaryFindings, step: &mut StepContext<'_>) {
    let at = step.at;
    for spec in step
        .plan
        .windows
        .iter()
        .filter(|spec| at.on_grid(spec.length.minutes()))
    {
        for (slice, ring) in &model.rings {
            let window = ring.merged(Span::ending_at(at, spec.length));
            if window.predictions > 0 {
                window_reports(
                    model,
                    slice,
                    spec.length,
                    at,
                    &window,
                    &found.observed,
                    step,
                );
            }
        }
    }
}

fn window_reports(
    model: &Model,
    slice: &Slice,
    length: WindowLength,
    end: Boundary,
    window: &Partial,
    observed: &[Observed],
    step: &mut StepContext<'_>,
) {
    let of_window = |found: &&Observed| {
        found.version == slice.version && found.segment == slice.segment && found.window == length
    };
    let of_window: Vec<&Finding> = observed
        .iter()
        .filter(of_window)
        .map(|found| &found.finding)
        .collect();
    for (subject, sketch) in &window.subjects {
        let findings = findings_on(&of_window, subject);
        let report = Report {
            model: model.name(),
            version: &slice.version,
            segment: slice.segment.as_ref(),
            subject,
            length,
            end,
            predictions: window.predictions,
            sketch,
            findings: &findings,
            reference_id: model
                .reference_of(slice.segment.as_ref())
                .map(|reference| reference.id.as_str())
                .filter(|_| !findings.is_empty()),
        }
        .record();
        let report = Output::plain(OutputTopic::Reports, report.key(), report.value());
        step.outbox.publish(report);
    }
}

fn findings_on(findings: &[&Finding], subject: &Subject) -> Vec<Finding> {
    let on = findings
        .iter()
        .filter(|finding| finding.subject.as_ref() == Some(subject));
    on.map(|finding| (*finding).clone()).collect()
}

/// A reference that was learned, in parts.
pub fn reference(reference: &Reference) -> impl Iterator<Item = Output> {
    reference_records(reference, REFERENCE_BYTES_MAX)
        .into_iter()
        .map(|part| Output::plain(OutputTopic::References, part.key(), part.value()))
}

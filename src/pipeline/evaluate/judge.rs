//! Judging: every window that ends at a boundary, against its reference, by every detector.

use std::sync::Arc;

use super::case::{JudgedWindow, budget};
use super::knowledge::VariabilityKey;
use super::model::{Model, predictions_in};
use super::slice::Slice;
use super::step::StepContext;
use crate::alert::ScopedFinding;
use crate::detect::{Case, DETECTORS, Finding, Verdict};
use crate::event::Scope;
use crate::pipeline::observations::{Judgement, JudgementKey, WindowClosed};
use crate::pipeline::plan::Plan;
use crate::reference::Reference;
use crate::sketch::Partial;
use crate::stats::DISTANCES;
use crate::window::{Boundary, PaneRing, Span, WindowLength};

/// Judges every window of `model` that ends at this boundary.
pub fn judge(model: &Model, step: &mut StepContext<'_>) -> Vec<ScopedFinding> {
    let (at, plan) = (step.at, step.plan);
    let budget = budget(model, plan);
    let mut observed = Vec::new();
    for spec in plan
        .windows
        .iter()
        .filter(|spec| at.on_grid(spec.step_minutes))
    {
        let span = Span::ending_at(at, spec.length);
        for (slice, ring) in &model.rings {
            let Some(reference) = model.reference_of(slice.segment.as_ref()) else {
                continue;
            };
            // A window that overlaps the learning span would be compared with itself.
            if span.start < reference.span.end || is_too_thin(slice, ring, span, plan) {
                continue;
            }
            let judged = JudgedWindow {
                window: &ring.merged(span),
                reference,
                budget,
                inside_reference: false,
                plan,
            };
            if judged.window.predictions > 0 {
                let window = Window {
                    slice,
                    length: spec.length,
                    end: at,
                    reference,
                };
                observed.extend(judge_window(model, &window, judged, step));
            }
        }
    }
    observed
}

/// True if a segment's sliding window is too thin for every detector. Most segments are small: to merge their panes every
/// minute would be most of the work. Tumbling windows are judged even so, because a report may carry the findings.
fn is_too_thin(slice: &Slice, ring: &PaneRing<Partial>, span: Span, plan: &Plan) -> bool {
    let minutes = span.end.0 - span.start.0;
    slice.segment.is_some()
        && !span.end.on_grid(minutes)
        && predictions_in(ring, span) < plan.detect.events_min
}

/// A window of one slice.
struct Window<'a> {
    slice: &'a Slice,
    length: WindowLength,
    end: Boundary,
    reference: &'a Arc<Reference>,
}

fn judge_window(
    model: &Model,
    window: &Window<'_>,
    judged: JudgedWindow<'_>,
    step: &mut StepContext<'_>,
) -> Vec<ScopedFinding> {
    let scope = window.slice.of(model.name());
    step.observations.windows.push(WindowClosed {
        scope: scope.clone(),
        window: window.length,
        end: window.end,
        predictions: judged.window.predictions,
    });
    let mut observed = Vec::new();
    for case in judged.cases() {
        let findings = findings(model, window, &case, step.plan);
        if window.slice.segment.is_none() {
            observe(&scope, window, &case, &findings, step);
        }
        observed.extend(findings.into_iter().map(|finding| ScopedFinding {
            segment: window.slice.segment.clone(),
            ..ScopedFinding::whole(window.slice.version.clone(), window.length, finding)
        }));
    }
    observed
}

/// Observes the judgement of one subject, for metrics and the status page.
fn observe(
    scope: &Scope,
    window: &Window<'_>,
    case: &Case<'_>,
    findings: &[Finding],
    step: &mut StepContext<'_>,
) {
    let key = JudgementKey {
        scope: scope.clone(),
        window: window.length,
        subject: case.subject.clone(),
    };
    let judgement = Judgement {
        end: window.end,
        distances: distances(findings),
        verdict: worst(findings),
        observed: case.window.clone(),
        reference: Arc::clone(window.reference),
    };
    step.observations.judgements.insert(key, judgement);
}

fn findings(model: &Model, window: &Window<'_>, case: &Case<'_>, plan: &Plan) -> Vec<Finding> {
    let enabled = DETECTORS
        .iter()
        .filter(|d| !plan.detect.disabled.iter().any(|name| name == d.name()));
    let variability = |detector: &str| {
        model.variability(&VariabilityKey {
            segment: window.slice.segment.clone(),
            subject: case.subject.clone(),
            window: window.length,
            detector: detector.to_owned(),
        })
    };
    enabled
        .filter_map(|detector| detector.judge(case, variability(detector.name())))
        .collect()
}

/// The distances in `findings` by name, in the order of their table.
fn distances(findings: &[Finding]) -> Vec<(&'static str, f64)> {
    let measured = |name| {
        findings
            .iter()
            .find_map(|finding| finding.details.get(name))
            .copied()
    };
    DISTANCES
        .iter()
        .filter_map(|distance| Some((distance.about().name, measured(distance.about().name)?)))
        .collect()
}

fn worst(findings: &[Finding]) -> Verdict {
    let any = |verdict| findings.iter().any(|finding| finding.verdict == verdict);
    [Verdict::Breach, Verdict::Lingering, Verdict::Quiet]
        .into_iter()
        .find(|verdict| any(*verdict))
        .unwrap_or(Verdict::InsufficientData)
}

//! Judging: every window that ends at a boundary, against the model's reference, by every detector.

use super::model::{Model, VariabilityKey};
use super::slice::Slice;
use super::step::StepContext;
use crate::alert::Observed;
use crate::detect::volume::{SLOT_MINUTES, Slot};
use crate::detect::{Budget, Case, DETECTORS, Finding, Verdict};
use crate::pipeline::observations::{Judgement, JudgementKey, WindowClosed};
use crate::pipeline::plan::Plan;
use crate::reference::{Reference, SubjectReference};
use crate::sketch::{Partial, Subject, ValueSketch};
use crate::stats::DISTANCES;
use crate::window::{Boundary, PaneRing, Span, WindowLength};

/// Minutes in the 30 days that the false-alarm budget speaks of.
const BUDGET_MINUTES: i64 = 30 * 1_440;

/// What judging found at one boundary.
#[derive(Default)]
pub struct BoundaryFindings {
    /// Findings with the window they come from.
    pub observed: Vec<Observed>,
}

/// Judges every window of `model` that ends at `at`.
pub fn judge(model: &mut Model, step: &mut StepContext<'_>) -> BoundaryFindings {
    let (at, plan) = (step.at, step.plan);
    let mut judged = BoundaryFindings::default();
    judge_volume(model, at, plan, &mut judged);
    let budget = budget(model, plan);
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
            // A part of it is the reference itself, or it can say nothing.
            if span.start < reference.span.end || is_idle(slice, ring, span, plan) {
                continue;
            }
            let window = Window {
                slice,
                length: spec.length,
                end: at,
                partial: &ring.merged(span),
                reference,
                budget,
            };
            if window.partial.predictions > 0 {
                judge_window(model, &window, &mut judged, step);
            }
        }
    }
    judged
}

/// Whether a segment's window is too thin for any detector and no report of it is due: most segments are small, and
/// merging their panes every minute would be most of the work.
fn is_idle(slice: &Slice, ring: &PaneRing<Partial>, span: Span, plan: &Plan) -> bool {
    let minutes = span.end.0 - span.start.0;
    slice.segment.is_some()
        && !span.end.on_grid(minutes)
        && ring
            .panes_of(span)
            .iter()
            .map(|pane| pane.predictions)
            .sum::<u64>()
            < plan.detect.events_min
}

/// A window, and what it is judged by.
struct Window<'a> {
    slice: &'a Slice,
    length: WindowLength,
    end: Boundary,
    partial: &'a Partial,
    reference: &'a Reference,
    budget: Budget,
}

fn judge_window(
    model: &Model,
    window: &Window<'_>,
    judged: &mut BoundaryFindings,
    step: &mut StepContext<'_>,
) {
    let plan = step.plan;
    let scope = window.slice.of(model.name());
    step.observations.windows.push(WindowClosed {
        scope: scope.clone(),
        window: window.length,
        end: window.end,
        predictions: window.partial.predictions,
    });
    for (subject, of_reference) in window
        .reference
        .subjects
        .iter()
        .filter(|(subject, _)| subject.drifts())
    {
        let case = case(
            subject,
            window.partial,
            of_reference,
            window.reference,
            window.budget,
            plan,
            false,
        );
        let findings = findings(model, window, &case, plan);
        if window.slice.segment.is_none() {
            let key = JudgementKey {
                scope: scope.clone(),
                window: window.length,
                subject: subject.clone(),
            };
            let judgement = Judgement {
                end: window.end,
                distances: distances(&findings),
                verdict: worst(&findings),
                observed: case.window.clone(),
            };
            step.observations.judgements.insert(key, judgement);
        }
        let observed = |finding| observed(window.slice, window.length, finding);
        judged.observed.extend(findings.into_iter().map(observed));
    }
}

/// What was found on a slice, as the alerts are told.
fn observed(slice: &Slice, window: WindowLength, finding: Finding) -> Observed {
    Observed {
        segment: slice.segment.clone(),
        ..Observed::whole(slice.version.clone(), window, finding)
    }
}

fn findings(model: &Model, window: &Window<'_>, case: &Case<'_>, plan: &Plan) -> Vec<Finding> {
    let enabled = DETECTORS
        .iter()
        .filter(|d| !plan.detect.disabled.iter().any(|name| name == d.name()));
    let variability = |detector: &str| {
        let key = VariabilityKey {
            segment: window.slice.segment.clone(),
            subject: case.subject.clone(),
            window: window.length,
            detector: detector.to_owned(),
        };
        model
            .knowledge
            .variability
            .get(&key)
            .copied()
            .unwrap_or(0.0)
    };
    enabled
        .filter_map(|detector| detector.judge(case, variability(detector.name())))
        .collect()
}

/// The distances that ride in the findings, by name, in the order of their table.
pub fn distances(findings: &[Finding]) -> Vec<(&'static str, f64)> {
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

/// One subject of a window beside its reference; a subject that never came is an empty sketch.
pub fn case<'a>(
    subject: &'a Subject,
    window: &'a Partial,
    of_reference: &'a SubjectReference,
    reference: &Reference,
    budget: Budget,
    plan: &'a Plan,
    inside_reference: bool,
) -> Case<'a> {
    static NEVER_CAME: std::sync::LazyLock<ValueSketch> =
        std::sync::LazyLock::new(ValueSketch::default);
    Case {
        subject,
        window: window.subjects.get(subject).unwrap_or(&NEVER_CAME),
        predictions: window.predictions,
        reference: of_reference,
        reference_predictions: reference.predictions,
        inside_reference,
        budget,
        settings: &plan.detect,
    }
}

/// The share of the false-alarm budget that each judgement of one subject may spend: all versions and segments share it.
pub fn budget(model: &Model, plan: &Plan) -> Budget {
    let evaluations: i64 = plan
        .windows
        .iter()
        .map(|spec| BUDGET_MINUTES / spec.step_minutes)
        .sum();
    let reference = model.reference.as_ref();
    let subjects = reference.map_or(1, |r| {
        r.subjects.keys().filter(|subject| subject.drifts()).count()
    });
    let shares = subjects.max(1) * model.rings.len().max(1);
    Budget::share(
        plan.detect.false_alarms_per_30_days,
        evaluations.unsigned_abs(),
        shares as u64,
    )
}

/// Records the quarter of an hour that ends at `at`, and judges it.
fn judge_volume(model: &mut Model, at: Boundary, plan: &Plan, judged: &mut BoundaryFindings) {
    let Some(length) = u32::try_from(SLOT_MINUTES)
        .ok()
        .and_then(WindowLength::from_minutes)
    else {
        return;
    };
    if !at.on_grid(SLOT_MINUTES) {
        return;
    }
    let span = Span::ending_at(at, length);
    let slot = Slot::holding(span.start);
    let count = model
        .rings_of(None)
        .flat_map(|(_, ring)| ring.panes_of(span))
        .map(|pane| pane.predictions)
        .sum();
    model.knowledge.volume.record(slot, count);
    model.changed = true;
    if plan
        .detect
        .disabled
        .iter()
        .any(|name| name == crate::detect::volume::NAME)
    {
        return;
    }
    if let Some(finding) = model.knowledge.volume.judge(slot, budget(model, plan)) {
        let observed = Observed::whole(String::new(), length, finding);
        judged.observed.push(observed);
    }
}

//! Judging: every window that ends at a boundary, against the model's reference, by every detector.

use super::model::{HabitKey, Model};
use crate::alert::Observed;
use crate::detect::volume::{SLOT_MINUTES, Slot};
use crate::detect::{Budget, Case, DETECTORS, Finding, Verdict};
use crate::event::Scope;
use crate::pipeline::effect::{Effects, Judgement, JudgementKey, WindowClosed};
use crate::pipeline::plan::Plan;
use crate::reference::{Reference, SubjectReference};
use crate::sketch::{Partial, Subject, ValueSketch};
use crate::stats::DISTANCES;
use crate::window::{Boundary, Span, WindowLength};

/// Minutes in the 30 days that the false-alarm budget speaks of.
const BUDGET_MINUTES: i64 = 30 * 1_440;

/// What judging found at one boundary.
#[derive(Default)]
pub struct Judged {
    /// Findings with the window they come from.
    pub observed: Vec<Observed>,
}

/// Judges every window of `model` that ends at `at`.
pub fn judge(model: &mut Model, at: Boundary, plan: &Plan, effects: &mut Effects) -> Judged {
    let mut judged = Judged::default();
    judge_volume(model, at, plan, &mut judged);
    let Some(reference) = &model.reference else {
        return judged;
    };
    let budget = budget(model, plan);
    for spec in plan
        .windows
        .iter()
        .filter(|spec| at.on_grid(spec.step_minutes))
    {
        let span = Span::ending_at(at, spec.length);
        if span.start < reference.span.end {
            continue; // a part of it is the reference itself
        }
        for (version, ring) in &model.rings {
            let window = ring.merged(span);
            if window.predictions == 0 {
                continue;
            }
            let scope = Scope {
                model: model.name().to_owned(),
                version: version.clone(),
                segment: None,
            };
            let predictions = window.predictions;
            effects.windows.push(WindowClosed {
                scope: scope.clone(),
                window: spec.length,
                end: at,
                predictions,
            });
            let of_window = Window {
                scope,
                length: spec.length,
                end: at,
                partial: &window,
            };
            judge_window(
                model,
                reference,
                &of_window,
                budget,
                plan,
                &mut judged,
                effects,
            );
        }
    }
    judged
}

struct Window<'a> {
    scope: Scope,
    length: WindowLength,
    end: Boundary,
    partial: &'a Partial,
}

fn judge_window(
    model: &Model,
    reference: &Reference,
    window: &Window<'_>,
    budget: Budget,
    plan: &Plan,
    judged: &mut Judged,
    effects: &mut Effects,
) {
    for (subject, of_reference) in reference
        .subjects
        .iter()
        .filter(|(subject, _)| subject.drifts())
    {
        let case = case(
            subject,
            window.partial,
            of_reference,
            reference,
            budget,
            plan,
            false,
        );
        let findings = findings(model, &case, window.length, plan);
        let key = JudgementKey {
            scope: window.scope.clone(),
            window: window.length,
            subject: subject.clone(),
        };
        let judgement = Judgement {
            end: window.end,
            distances: distances(&findings),
            verdict: worst(&findings),
            observed: case.window.clone(),
        };
        effects.judgements.insert(key, judgement);
        let observed =
            |finding| Observed::whole(window.scope.version.clone(), window.length, finding);
        judged.observed.extend(findings.into_iter().map(observed));
    }
}

fn findings(model: &Model, case: &Case<'_>, window: WindowLength, plan: &Plan) -> Vec<Finding> {
    let enabled = DETECTORS
        .iter()
        .filter(|d| !plan.detect.disabled.iter().any(|name| name == d.name()));
    let habit = |detector: &str| {
        let key = HabitKey {
            subject: case.subject.clone(),
            window,
            detector: detector.to_owned(),
        };
        model.knowledge.habits.get(&key).copied().unwrap_or(0.0)
    };
    enabled
        .filter_map(|detector| detector.judge(case, habit(detector.name())))
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

/// The share of the false-alarm budget that each judgement of one subject may spend.
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
fn judge_volume(model: &mut Model, at: Boundary, plan: &Plan, judged: &mut Judged) {
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
        .rings
        .values()
        .flat_map(|ring| ring.panes_of(span))
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

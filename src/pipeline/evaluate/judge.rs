//! Judging: every window that ends at a boundary, against its reference, by every detector.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::case::{JudgedWindow, Lends, WindowPanes, budget};
use super::habit_span::is_learning;
use super::model::Model;
use super::moving::MovingReferences;
use super::slice::{SeenSpan, Slice};
use super::step::StepContext;
use super::variability::{Excess, Thing};
use crate::alert::ScopedFinding;
use crate::detect::{
    Budget, Case, DETECTORS, Detector, Finding, Ordinary, ReferenceKind, RequiredPoints, Shift,
    Verdict, detectable, doubt_parts, gravest, may_be_ordinary,
};
use crate::event::{Scope, Segment};
use crate::pipeline::observations::{
    DetectableObservation, DetectableTally, Judgement, JudgementKey, WindowClosed,
};
use crate::pipeline::plan::Plan;
use crate::reference::Reference;
use crate::sketch::Subject;
use crate::stats::DISTANCES;
use crate::window::{
    Boundary, COARSE_MINUTES, DAY_MINUTES, HOUR_MINUTES, Span, WindowLength, WindowSpec,
};

/// The subjects of a version that was forgotten.
static NO_SUBJECTS: BTreeMap<Subject, SeenSpan> = BTreeMap::new();

/// Results of judging the windows that end at a boundary.
#[derive(Default)]
pub struct Judged {
    /// The findings.
    pub findings: Vec<ScopedFinding>,
    /// How far windows lie from their references, at boundaries at which variability is learned.
    pub excesses: Vec<Excess>,
    /// Segment and length of the windows that were judged, at such boundaries.
    pub windows: BTreeSet<(Option<Segment>, WindowLength)>,
}

/// Judges every window of `model` that ends at this boundary.
pub fn judge(model: &Model, step: &mut StepContext<'_>) -> Judged {
    let (at, plan) = (step.at, step.plan);
    let mut judged = Judged::default();
    let mut moving = MovingReferences::new(model, plan.reference);
    let ending = plan.windows.iter();
    for spec in ending.filter(|spec| at.on_grid(spec.step_minutes)) {
        let span = Span::ending_at(at, spec.length);
        for slice in model.tallies.keys() {
            let window = (slice, spec, span);
            judge_slice(window, &mut moving, step, &mut judged);
        }
    }
    judged
}

fn judge_slice(
    (slice, spec, span): (&Slice, &WindowSpec, Span),
    moving: &mut MovingReferences<'_>,
    step: &mut StepContext<'_>,
    judged: &mut Judged,
) {
    let model = moving.model();
    let segment = slice.segment.as_ref();
    let known = model.reference_of(segment).zip(model.baselines_of(segment));
    let (Some((reference, baselines)), Some(ring)) = (known, model.tallies.get(slice)) else {
        return;
    };
    if baselines
        .iter()
        .all(|(_, own)| span.start < own.compared_since)
    {
        return;
    }
    let tally = ring.merged(span);
    if tally.predictions == 0 && segment.is_none() && is_sized(slice, spec, step.at) {
        let window = (model.name().to_owned(), spec.length);
        step.observations
            .note_detectable(window, DetectableObservation::nothing_to_judge(step.at));
    }
    if tally.predictions == 0 || is_too_thin(slice, tally.predictions, span, step.plan) {
        return;
    }
    let window = Window {
        slice,
        length: spec.length,
        end: step.at,
        reference,
        lends: lends(spec, step.at),
        is_sized: is_sized(slice, spec, step.at),
        teaches: teaches(model, (spec, step.at), segment, step.plan),
    };
    let panes = WindowPanes {
        rings: model.rings.get(slice).into_iter().collect(),
        span,
    };
    let cases = JudgedWindow {
        window: &tally,
        panes: &panes,
        reference,
        baselines,
        moving: moving.of(segment, span),
        budget: budget(model, spec, step.plan),
        inside_reference: false,
        known: Some(
            model
                .knowledge
                .versions
                .get(&slice.version)
                .unwrap_or(&NO_SUBJECTS),
        ),
        plan: step.plan,
    };
    judge_window(model, &window, &cases, step, judged);
}

/// True if a segment's sliding window is too thin for every detector: most segments are small. Tumbling windows are judged
/// even so, because a report may carry the findings.
fn is_too_thin(slice: &Slice, predictions: u64, span: Span, plan: &Plan) -> bool {
    let minutes = span.end.0 - span.start.0;
    slice.segment.is_some() && !span.end.on_grid(minutes) && predictions < plan.detect.events_min
}

/// Reports carry distances over all cells; they are due when a window tumbles. The panes of windows of several days are no
/// longer kept.
fn lends(spec: &WindowSpec, at: Boundary) -> Lends {
    if !spec.is_reported() {
        Lends::Nothing
    } else if at.on_grid(spec.length.minutes()) {
        Lends::Everything
    } else {
        Lends::Categories
    }
}

/// The smallest changes that a window finds are read in reports, and on the status page once an hour.
fn is_sized(slice: &Slice, spec: &WindowSpec, at: Boundary) -> bool {
    let is_shown = slice.segment.is_none() && at.on_grid(HOUR_MINUTES);
    is_shown || spec.is_reported() && at.on_grid(spec.length.minutes())
}

/// A window of one slice.
struct Window<'a> {
    slice: &'a Slice,
    length: WindowLength,
    end: Boundary,
    reference: &'a Arc<Reference>,
    lends: Lends,
    /// True if somebody reads the smallest changes that the window finds.
    is_sized: bool,
    teaches: Teaches,
}

fn judge_window(
    model: &Model,
    window: &Window<'_>,
    cases: &JudgedWindow<'_>,
    step: &mut StepContext<'_>,
    judged: &mut Judged,
) {
    let scope = window.slice.of(model.name());
    step.observations.windows.push(WindowClosed {
        scope: scope.clone(),
        window: window.length,
        end: window.end,
        predictions: cases.window.predictions,
    });
    let plan = step.plan;
    if window.teaches.fixed {
        let segment = window.slice.segment.clone();
        judged.windows.insert((segment, window.length));
    }
    let excesses = &mut judged.excesses;
    let scoped_findings = &mut judged.findings;
    let mut observe = |case: &Case<'_>, findings: Vec<Finding>| {
        if window.slice.segment.is_none() {
            observe(&scope, window, case, &findings, step);
        }
        let scoped = findings.into_iter().map(|finding| ScopedFinding {
            segment: window.slice.segment.clone(),
            ..ScopedFinding::whole(window.slice.version.clone(), window.length, finding)
        });
        scoped_findings.extend(scoped);
    };
    let mut grave: Vec<Subject> = Vec::new();
    let mut sizes = window.is_sized.then(|| Sizes::of(cases.budget));
    cases.for_each_case(window.lends, |case, moving| {
        let (case, found) = findings(model, window, (case, moving), (plan, &mut sizes), excesses);
        let is_grave = is_grave(&found, |detector| {
            model.unpaged.pages(Some(case.subject), detector)
        });
        if is_grave && window.lends == Lends::Categories && case.sketches.is_none() {
            grave.push(case.subject.clone());
        } else {
            observe(case, found);
        }
    });
    // An alert carries distances over all cells.
    for subject in grave {
        cases.with_sketches(&subject, |case, moving| {
            let compared = (case, moving);
            let unread = &mut Vec::new();
            let (case, found) = findings(model, window, compared, (plan, &mut None), unread);
            observe(case, found);
        });
    }
    if let Some(sizes) = sizes.filter(|_| window.slice.segment.is_none()) {
        let key = (model.name().to_owned(), window.length);
        let observed = DetectableObservation {
            end: window.end,
            version: window.slice.version.clone(),
            predictions: cases.window.predictions,
            kinds: sizes.tally.into_kinds(),
        };
        step.observations.note_detectable(key, observed);
    }
}

/// The smallest changes that a window finds.
struct Sizes {
    points: RequiredPoints,
    tally: DetectableTally,
}

impl Sizes {
    fn of(budget: Budget) -> Self {
        Self {
            points: RequiredPoints::of(budget),
            tally: DetectableTally::default(),
        }
    }
}

/// Against which references a window teaches what is ordinary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Teaches {
    fixed: bool,
    moving: bool,
}

impl Teaches {
    fn against(self, kind: ReferenceKind) -> bool {
        if kind.moves() {
            self.moving
        } else {
            self.fixed
        }
    }
}

/// Variability is learned each quarter of an hour, from windows of at most a day, as long as days are learned.
fn teaches(
    model: &Model,
    (spec, at): (&WindowSpec, Boundary),
    segment: Option<&Segment>,
    plan: &Plan,
) -> Teaches {
    let is_due = at.on_grid(COARSE_MINUTES) && spec.length.minutes() <= DAY_MINUTES;
    let learns = |kind| is_due && is_learning(model, segment, (kind, at), plan);
    Teaches {
        fixed: learns(ReferenceKind::Fixed),
        moving: learns(plan.reference.kind(spec.length.minutes())),
    }
}

fn is_grave(findings: &[Finding], pages: impl Fn(&str) -> bool) -> bool {
    let is_grave = |verdict| matches!(verdict, Verdict::Breach | Verdict::Lingering);
    let mut grave = findings.iter().filter(|finding| is_grave(finding.verdict));
    grave.any(|finding| pages(finding.detector))
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
        observed: case.sketches.map(|sketches| sketches.window.clone()),
        reference: Arc::clone(window.reference),
    };
    step.observations.judge(key, judgement);
}

/// The case that judges, and its findings of every enabled detector. Adds what the window teaches, and the smallest changes
/// that it finds, where somebody reads the `sizes`.
fn findings<'c, 'a>(
    model: &Model,
    window: &Window<'_>,
    (fixed, moving): (&'c Case<'a>, Option<&'c Case<'a>>),
    (plan, sizes): (&Plan, &mut Option<Sizes>),
    excesses: &mut Vec<Excess>,
) -> (&'c Case<'a>, Vec<Finding>) {
    let habits = model.habits_of(window.slice.segment.as_ref());
    let judges_by_moving =
        habits.is_some_and(|habits| habits.judges_by_moving(window.length, fixed.subject));
    let (judge, other) = match moving {
        Some(moving) if judges_by_moving => (moving, Some(fixed)),
        other => (fixed, other),
    };
    if let Some(other) = other.filter(|other| window.teaches.against(other.reference.kind)) {
        teach(window, other, plan, excesses);
    }
    let is_taught = window.teaches.against(judge.reference.kind);
    let mut findings = Vec::new();
    let mut moves_as_usual = false;
    for detector in enabled(plan) {
        let shifts = detector.measure(judge);
        if is_taught {
            excesses.extend(excess(window, judge, detector, &shifts));
        }
        if judge.baseline.is_provisional && window.length.minutes() > HOUR_MINUTES {
            continue; // a window that holds a weekday differs from a day that was none
        }
        let (kind, rule) = (judge.reference.kind, detector.ordinary_rule());
        let ordinary = |channel| {
            habits.map_or(Ordinary::known(0.0), |habits| {
                let thing = Thing::of(detector, channel);
                habits.bound(kind, (window.length, judge.subject), &thing, rule)
            })
        };
        let mut found = gravest(detector, shifts, judge, ordinary);
        let mut whole = found.iter();
        moves_as_usual |= whole.any(|found| may_be_ordinary(found, detector, ordinary(0)));
        if let (Some(found), Some(sizes)) = (&mut found, sizes.as_mut()) {
            let sized = detectable(detector, judge, ordinary(0), &mut sizes.points);
            if model.unpaged.pages(Some(judge.subject), detector.name()) {
                sizes.tally.add(judge.subject, detector.name(), &sized);
            }
            let found_ones = sized.into_iter().filter(|(_, size)| size.is_finite());
            found.details.extend(found_ones);
        }
        findings.extend(found);
    }
    if moves_as_usual {
        doubt_parts(&mut findings);
    }
    (judge, findings)
}

/// Adds what a case teaches that does not judge.
fn teach(window: &Window<'_>, case: &Case<'_>, plan: &Plan, excesses: &mut Vec<Excess>) {
    for detector in enabled(plan) {
        excesses.extend(excess(window, case, detector, &detector.measure(case)));
    }
}

fn enabled(plan: &Plan) -> impl Iterator<Item = &'static dyn Detector> {
    let is_disabled = |name| plan.detect.disabled.iter().any(|disabled| disabled == name);
    let detectors = DETECTORS.iter().copied();
    detectors.filter(move |detector| !is_disabled(detector.name()))
}

fn excess(
    window: &Window<'_>,
    case: &Case<'_>,
    detector: &dyn Detector,
    shifts: &[Shift],
) -> Vec<Excess> {
    let excess = shifts.iter().filter_map(|shift| {
        Some(Excess {
            slice: window.slice.clone(),
            length: window.length,
            subject: case.subject.clone(),
            thing: Thing::of(detector, shift.channel),
            reference: case.reference.kind,
            distance: shift.excess()?,
        })
    });
    excess.collect()
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

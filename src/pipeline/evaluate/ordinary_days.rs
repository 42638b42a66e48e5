//! Learns variability: from the windows of the learning span at once, and from those of the days after it one by one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::case::{JudgedWindow, Lends, WindowPanes, budget};
use super::days::Days;
use super::habit_span::{is_learning, oldest_compared, troubled};
use super::habits::SegmentHabits;
use super::judge::Judged;
use super::model::Model;
use super::slice::Slice;
use super::step::StepContext;
use super::tallies::{Baselines, TallyPane};
use super::variability::{Excess, Teaching, Thing};
use crate::alert::{Cause, Place};
use crate::detect::{DETECTORS, Detector, OrdinaryRule, ReferenceKind};
use crate::event::Segment;
use crate::pipeline::plan::Plan;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::sketch::{Monoid, Subject};
use crate::window::{
    Boundary, COARSE_MINUTES, DAY_MINUTES, HOUR_MINUTES, PaneRing, Retention, Span, Tier,
    WindowLength, WindowSpec,
};

/// The largest distance of each thing on one day.
type Day = BTreeMap<(Subject, Thing), f64>;

/// Learns from all windows of a learning span that consist of whole quarters of an hour: all subjects, or `only` those that
/// came later.
///
/// # Errors
/// If an entry does not serialise.
pub fn learn_span(
    model: &mut Model,
    segment: Option<&Segment>,
    (span, only): (Span, Option<&BTreeSet<Subject>>),
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let learned_days = days_of_span(model, segment, (span, only), step.plan);
    change(model, segment, step, |habits| {
        let learned = habits.against_mut(ReferenceKind::Fixed);
        for (length, day) in learned_days {
            match only {
                None => learned.learn_day(length, &day),
                Some(only) => only
                    .iter()
                    .for_each(|subject| learned.learn_late_day(length, subject, &day)),
            }
        }
        true
    })
}

/// Changes what was learned of a segment, or of the whole, and writes it if `with` returns true.
fn change(
    model: &mut Model,
    segment: Option<&Segment>,
    step: &mut StepContext<'_>,
    with: impl FnOnce(&mut SegmentHabits) -> bool,
) -> Result<(), StageError> {
    let key = StateKey::Variability(model.name().to_owned(), segment.cloned());
    let habits = model.habits.entry(segment.cloned()).or_default();
    if with(habits) {
        step.outbox.put(&key, habits)?;
    }
    Ok(())
}

/// The whole days of a learning span, by length of window.
fn days_of_span(
    model: &Model,
    segment: Option<&Segment>,
    (span, only): (Span, Option<&BTreeSet<Subject>>),
    plan: &Plan,
) -> Vec<(WindowLength, Day)> {
    let Some(baselines) = model.baselines_of(segment) else {
        return Vec::new();
    };
    let days = Days::of(span.start, plan.learning.provisional_minutes);
    let tallies = tallies_of(model, segment, span, baselines);
    let mut learned = Vec::new();
    let whole = plan
        .reported_windows()
        .filter(|spec| spec.length.minutes() % COARSE_MINUTES == 0);
    for spec in whole {
        let (mut day, mut has_windows) = (Day::new(), false);
        let mut end = span.start.plus_minutes(spec.length.minutes());
        while end <= span.end {
            let window = (spec, Span::ending_at(end, spec.length));
            has_windows |= raise(model, segment, window, (&tallies, only), plan, &mut day);
            if days.closes_at(end) {
                let closed = std::mem::take(&mut day);
                if std::mem::take(&mut has_windows) {
                    learned.push((spec.length, closed));
                }
            }
            end = end.plus_minutes(grid(spec.length));
        }
    }
    learned
}

/// Learns from the learning span once more, when its reference was taken again: what was ordinary against the provisional one
/// need not be against this one. A weekday may now lie on the other side of it. Only panes of six hours are kept that long, so
/// what was learned by shorter windows stays where it says more.
///
/// # Errors
/// If an entry does not serialise.
pub fn learn_span_again(
    model: &mut Model,
    segment: Option<&Segment>,
    (span, only): (Span, &BTreeSet<Subject>),
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let days = days_of_six_hours(model, segment, (span, only), step.plan);
    change(model, segment, step, |habits| {
        habits.against_mut(ReferenceKind::Fixed).learn_again(&days);
        true
    })
}

/// The days of a span, by windows of six hours.
fn days_of_six_hours(
    model: &Model,
    segment: Option<&Segment>,
    (span, only): (Span, &BTreeSet<Subject>),
    plan: &Plan,
) -> Vec<Day> {
    let (Some(baselines), Some(spec)) =
        (model.baselines_of(segment), plan.reported_windows().last())
    else {
        return Vec::new();
    };
    let mut tallies = PaneRing::default();
    for (start, pane) in tallies_within(model, segment, (Tier::SixHours, span), baselines) {
        tallies.insert(Tier::SixHours, start, pane);
    }
    let mut learned: Vec<Day> = Vec::new();
    let six_hours = Tier::SixHours.minutes();
    let mut start = span.start.floor(six_hours);
    while start < span.end {
        let end = start.plus_minutes(six_hours);
        let nth = (start.0 - span.start.0).max(0).div_euclid(DAY_MINUTES);
        let nth = usize::try_from(nth).unwrap_or(0);
        if learned.len() <= nth {
            learned.resize(nth + 1, Day::new());
        }
        if let Some(day) = learned.get_mut(nth) {
            let window = (spec, Span { start, end });
            raise(model, segment, window, (&tallies, Some(only)), plan, day);
        }
        start = end;
    }
    learned
}

/// Minutes between two windows of the learning span.
fn grid(length: WindowLength) -> i64 {
    if length.minutes() > HOUR_MINUTES && length.minutes() % HOUR_MINUTES == 0 {
        HOUR_MINUTES
    } else {
        COARSE_MINUTES
    }
}

/// The quarters of an hour of a span, of all versions together, counted against the reference: it covers all versions.
fn tallies_of(
    model: &Model,
    segment: Option<&Segment>,
    span: Span,
    baselines: &Baselines,
) -> PaneRing<TallyPane> {
    let quarters = tallies_within(model, segment, (Tier::Quarter, span), baselines);
    let keep = Retention {
        quarter: i64::MAX / 2,
        hour: i64::MAX / 2,
        ..Retention::default()
    };
    let mut ring = PaneRing::default();
    for (start, pane) in quarters {
        ring.insert(Tier::Quarter, start, pane);
        ring.age(start.plus_minutes(COARSE_MINUTES), keep);
    }
    ring
}

/// The panes of one length within a span, of all versions together, counted against the reference.
fn tallies_within(
    model: &Model,
    segment: Option<&Segment>,
    (tier, span): (Tier, Span),
    baselines: &Baselines,
) -> BTreeMap<Boundary, TallyPane> {
    let mut panes: BTreeMap<Boundary, TallyPane> = BTreeMap::new();
    let span = Span {
        start: span.start.floor(tier.minutes()),
        end: span.end,
    };
    for (_, ring) in model.rings_of(segment) {
        for (start, pane) in ring.within(tier, span) {
            let sum = panes.entry(start).or_default();
            sum.merge(&baselines.count(pane));
        }
    }
    panes
}

/// Raises the largest distances of a day to those of one window of the learning span. Returns true if the window holds
/// predictions.
fn raise(
    model: &Model,
    segment: Option<&Segment>,
    (spec, span): (&WindowSpec, Span),
    (tallies, only): (&PaneRing<TallyPane>, Option<&BTreeSet<Subject>>),
    plan: &Plan,
    day: &mut Day,
) -> bool {
    let known = model.reference_of(segment).zip(model.baselines_of(segment));
    let window = tallies.merged(span);
    let Some((reference, baselines)) = known.filter(|_| window.predictions > 0) else {
        return false;
    };
    let panes = WindowPanes {
        rings: model.rings_of(segment).map(|(_, ring)| ring).collect(),
        span,
    };
    let judged = JudgedWindow {
        window: &window,
        panes: &panes,
        reference,
        baselines,
        moving: None,
        budget: budget(model, spec, plan),
        inside_reference: true,
        known: None,
        plan,
    };
    judged.for_each_case(Lends::Categories, |case, _| {
        if only.is_some_and(|only| !only.contains(case.subject)) {
            return;
        }
        for detector in DETECTORS {
            for shift in detector.measure(case) {
                let distance = shift.excess().unwrap_or(0.0);
                if distance > 0.0 {
                    let thing = Thing::of(*detector, shift.channel);
                    let largest = day.entry((case.subject.clone(), thing)).or_default();
                    *largest = largest.max(distance);
                }
            }
        }
    });
    true
}

/// Learns from the windows that were judged at this boundary, after the alerts were updated.
///
/// # Errors
/// If an entry does not serialise.
pub fn learn(
    model: &mut Model,
    judged: Judged,
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    if !step.at.on_grid(COARSE_MINUTES) {
        return Ok(());
    }
    // A day closes whether or not a window was judged at its end.
    let known = model.habits.keys().cloned();
    let mut by_segment: BTreeMap<Option<Segment>, Vec<Excess>> =
        known.map(|segment| (segment, Vec::new())).collect();
    for excess in judged.excesses {
        if let Some(of_segment) = by_segment.get_mut(&excess.slice.segment) {
            of_segment.push(excess);
        }
    }
    for (segment, excesses) in by_segment {
        let lengths = judged.windows.iter().filter(|(of, _)| *of == segment);
        let lengths: Vec<WindowLength> = lengths.map(|(_, length)| *length).collect();
        learn_segment(model, segment, (lengths, excesses), step)?;
    }
    Ok(())
}

fn learn_segment(
    model: &mut Model,
    segment: Option<Segment>,
    (lengths, excesses): (Vec<WindowLength>, Vec<Excess>),
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let (at, plan) = (step.at, step.plan);
    let Some(span) = model.reference_of(segment.as_ref()).map(|own| own.span) else {
        return Ok(());
    };
    let kinds = BTreeSet::from([ReferenceKind::Fixed, plan.reference.kind_of_short_windows()]);
    let learns = |kind: &ReferenceKind| is_learning(model, segment.as_ref(), (*kind, at), plan);
    let learning: Vec<ReferenceKind> = kinds.into_iter().filter(learns).collect();
    let troubled = troubled(model, segment.as_ref(), plan);
    if troubled.is_empty() && learning.is_empty() {
        return Ok(());
    }
    let days = Days::of(span.start, plan.learning.provisional_minutes);
    let moving: BTreeSet<(WindowLength, Subject)> = excesses
        .iter()
        .filter(|excess| excess.reference.moves())
        .map(|excess| (excess.length, excess.subject.clone()))
        .collect();
    let offers = offers(model, excesses, step);
    change(model, segment.as_ref(), step, |habits| {
        let mut changed = false;
        for length in lengths {
            changed |= habits
                .against_mut(ReferenceKind::Fixed)
                .note(length, at, days);
        }
        for (length, subject) in &moving {
            let learned = habits.against_mut(plan.reference.kind_of_short_windows());
            learned.begin(*length, subject);
            changed |= learned.note(*length, at, days);
        }
        for (excess, teaching) in offers {
            let rule = rule_of(&excess.thing);
            let learned = habits.against_mut(excess.reference);
            changed |= learned.offer(excess, teaching, rule, (at, days));
        }
        for kind in &learning {
            changed |= habits.against_mut(*kind).close_day(at, days);
        }
        for subject in &troubled {
            changed |= habits.troubled_times.add(subject, at);
        }
        habits
            .troubled_times
            .forget_before(oldest_compared(at, plan));
        changed
    })
}

/// One offer of each thing, of all versions together: the largest distance of an ordinary window, or the trouble if one version
/// is in trouble.
fn offers(model: &Model, excesses: Vec<Excess>, step: &StepContext<'_>) -> Vec<(Excess, Teaching)> {
    let mut offers: BTreeMap<(WindowLength, Subject, Thing, ReferenceKind), (Excess, Teaching)> =
        BTreeMap::new();
    for excess in excesses {
        let teaching = teaching(model, &excess, step);
        let of = (
            excess.length,
            excess.subject.clone(),
            excess.thing.clone(),
            excess.reference,
        );
        match offers.entry(of) {
            Entry::Vacant(place) => {
                place.insert((excess, teaching));
            }
            Entry::Occupied(mut place) => {
                let (kept, so_far) = place.get_mut();
                let is_graver = (teaching, excess.distance) > (*so_far, kept.distance);
                if is_graver {
                    *place.get_mut() = (excess, teaching);
                }
            }
        }
    }
    offers.into_values().collect()
}

fn rule_of(thing: &Thing) -> OrdinaryRule {
    let detector = detector_of(thing);
    detector.map_or(OrdinaryRule::Distribution, |own| own.ordinary_rule())
}

/// The detector that measures `thing`; `None` if this build has none of that name.
fn detector_of(thing: &Thing) -> Option<&'static dyn Detector> {
    let mut detectors = DETECTORS.iter().copied();
    detectors.find(|detector| detector.name() == thing.detector())
}

/// Whether a window teaches: neither its slice nor the whole of its version is in trouble with the subject, in windows of
/// its length and longer. A segment is often too small to detect what its whole detects, and must not learn that.
fn teaching(model: &Model, excess: &Excess, step: &StepContext<'_>) -> Teaching {
    let episodes = &model.knowledge.episodes;
    if episodes.is_empty() {
        return Teaching::Ordinary;
    }
    let Slice { version, segment } = &excess.slice;
    let is_quiet = |segment: &Option<Segment>, length: WindowLength| {
        let place = Place {
            version: version.clone(),
            segment: segment.clone(),
            subject: Some(excess.subject.clone()),
            length,
        };
        episodes.is_quiet_at(place, step.at)
    };
    let overlapping = step.plan.windows.iter().map(|spec| spec.length);
    let troubled = overlapping.filter(|length| {
        *length >= excess.length && !(is_quiet(segment, *length) && is_quiet(&None, *length))
    });
    match troubled.max() {
        None => Teaching::Ordinary,
        Some(longest) => Teaching::Overlaps {
            longest,
            fires: fires(model, excess),
        },
    }
}

fn fires(model: &Model, excess: &Excess) -> bool {
    let cause = |detector: &dyn Detector| Cause {
        version: excess.slice.version.clone(),
        segment: excess.slice.segment.clone(),
        subject: Some(excess.subject.clone()),
        length: excess.length,
        family: detector.family(),
        detector: detector.name().into(),
    };
    let detector = detector_of(&excess.thing);
    detector.is_some_and(|detector| model.knowledge.episodes.fires(&cause(detector)))
}

//! Learning: the reference of a first span of event time, and the habits of ordinary windows.

use super::Stop;
use super::model::{Model, VariabilityKey};
use super::slice::Slice;
use super::step::StepContext;
use super::{judge, publish};
use crate::alert::Place;
use crate::detect::{DETECTORS, HABITS_BELOW_MINUTES};
use crate::event::Segment;
use crate::pipeline::plan::Plan;
use crate::pipeline::state::StateKey;
use crate::reference::learn;
use crate::sketch::{Monoid, Partial, Subject};
use crate::window::{Boundary, COARSE_MINUTES, Span, WindowLength};

/// Freezes what can be frozen at this boundary: the model's reference first, then those of its segments.
pub fn freeze_if_ready(model: &mut Model, step: &mut StepContext<'_>) -> Result<(), Stop> {
    let (at, plan) = (step.at, step.plan);
    if !at.on_grid(COARSE_MINUTES) {
        return Ok(());
    }
    if model.reference.is_none()
        && let Some(span) = whole_span(model, at, plan)
    {
        freeze(model, None, span, step)?;
    }
    for (segment, span) in segment_spans(model, at, plan) {
        freeze(model, Some(segment), span, step)?;
    }
    Ok(())
}

/// The span of the model's reference, once it is long and full enough.
fn whole_span(model: &Model, at: Boundary, plan: &Plan) -> Option<Span> {
    let start = model.knowledge.since.floor(COARSE_MINUTES);
    if at.0 - start.0 < plan.learning.span_minutes {
        return None;
    }
    let first = model.rings_of(None).filter_map(|(_, ring)| ring.first());
    let span = Span {
        start: first.min().unwrap_or(start).max(start),
        end: at,
    };
    (predictions(model, None, span) >= plan.learning.events_min).then_some(span)
}

/// The segments that can learn now, and from what.
///
/// When the model has just learned, they learn from the same span, so that a segment and its whole are held against
/// the same days; but not one that came in its second half, which would take an evening for the rhythm of a day. Such
/// a one, or one that was too small, has a learning span of its own.
fn segment_spans(model: &Model, at: Boundary, plan: &Plan) -> Vec<(Segment, Span)> {
    let Some(whole) = model.reference.as_ref().map(|reference| reference.span) else {
        return Vec::new();
    };
    let is_first = whole.end == at;
    let span = |first: Boundary| Span {
        start: if is_first { whole.start } else { first },
        end: at,
    };
    let is_due = |first: Boundary| {
        let seen = at.0 - first.0;
        seen >= plan.learning.span_minutes || is_first && 2 * seen >= at.0 - whole.start.0
    };
    let known = model.knowledge.segments.iter();
    known
        .filter(|(segment, seen)| {
            is_due(seen.first)
                && model.reference_of(Some(segment)).is_none()
                && predictions(model, Some(segment), span(seen.first)) >= plan.detect.events_min
        })
        .map(|(segment, seen)| (segment.clone(), span(seen.first)))
        .collect()
}

fn predictions(model: &Model, segment: Option<&Segment>, span: Span) -> u64 {
    model
        .rings_of(segment)
        .flat_map(|(_, ring)| ring.coarse_within(span))
        .map(|(_, pane)| pane.predictions)
        .sum()
}

fn freeze(
    model: &mut Model,
    segment: Option<Segment>,
    span: Span,
    step: &mut StepContext<'_>,
) -> Result<(), Stop> {
    let panes = model
        .rings_of(segment.as_ref())
        .flat_map(|(_, ring)| ring.coarse_within(span));
    let reference = learn(model.name(), segment.clone(), span, panes);
    let key = StateKey::Reference(model.name().to_owned(), segment.clone());
    step.outbox.put(&key, &reference)?;
    for part in publish::reference(&reference) {
        step.outbox.publish(part);
    }
    model.set_reference(segment.clone(), reference);
    learn_first_habits(model, segment.as_ref(), span, step.plan);
    model.changed = true;
    Ok(())
}

/// Lengths whose windows learn habits; longer ones learn none, so that what creeps is still seen in them.
fn habit_lengths(plan: &Plan) -> impl Iterator<Item = WindowLength> {
    plan.windows
        .iter()
        .map(|w| w.length)
        .filter(|length| length.minutes() < HABITS_BELOW_MINUTES)
}

/// The habits within the learning span itself: its disjoint windows that are made of whole coarse panes.
fn learn_first_habits(model: &mut Model, segment: Option<&Segment>, span: Span, plan: &Plan) {
    for length in habit_lengths(plan).filter(|length| length.minutes() % COARSE_MINUTES == 0) {
        let mut end = span.start.plus_minutes(length.minutes());
        while end <= span.end {
            // The reference is that of all versions, so its own windows are those of all versions together.
            let mut all = Partial::default();
            let windows = windows(model, segment, Span::ending_at(end, length));
            windows.iter().for_each(|(_, window)| all.merge(window));
            let slice = Slice {
                version: String::new(),
                segment: segment.cloned(),
            };
            fold(model, &slice, &all, end, length, plan, true);
            end = end.plus_minutes(length.minutes());
        }
    }
}

/// Each disjoint window of the days after learning raises the habits, unless it is in trouble or has just been.
pub fn fold_variability(model: &mut Model, at: Boundary, plan: &Plan) {
    let segments = model.segment_references.keys().cloned().map(Some);
    for segment in [None].into_iter().chain(segments).collect::<Vec<_>>() {
        fold_habits_of(model, segment.as_ref(), at, plan);
    }
}

fn fold_habits_of(model: &mut Model, segment: Option<&Segment>, at: Boundary, plan: &Plan) {
    let Some(learned) = model.reference_of(segment).map(|r| r.span.end) else {
        return;
    };
    if at.0 - learned.0 > plan.learning.habit_minutes {
        return;
    }
    let ending: Vec<WindowLength> = habit_lengths(plan)
        .filter(|length| at.on_grid(length.minutes()) && at.0 - length.minutes() >= learned.0)
        .collect();
    for length in ending {
        for (slice, window) in windows(model, segment, Span::ending_at(at, length)) {
            fold(model, &slice, &window, at, length, plan, false);
        }
    }
}

/// What each version held in `span`.
fn windows(model: &Model, segment: Option<&Segment>, span: Span) -> Vec<(Slice, Partial)> {
    model
        .rings_of(segment)
        .map(|(slice, ring)| (slice.clone(), ring.merged(span)))
        .collect()
}

fn fold(
    model: &mut Model,
    slice: &Slice,
    window: &Partial,
    end: Boundary,
    length: WindowLength,
    plan: &Plan,
    inside: bool,
) {
    let Some(reference) = model.reference_of(slice.segment.as_ref()) else {
        return;
    };
    if window.predictions < plan.detect.events_min {
        return;
    }
    let budget = judge::budget(model, plan);
    let mut raised = Vec::new();
    for (subject, of_reference) in &reference.subjects {
        let quiet = inside || is_quiet(model, slice, subject, length, end);
        if !subject.drifts() || !quiet {
            continue;
        }
        let case = judge::case(
            subject,
            window,
            of_reference,
            reference,
            budget,
            plan,
            inside,
        );
        for detector in DETECTORS {
            let Some(value) = detector.variability(&case) else {
                continue;
            };
            let key = VariabilityKey {
                segment: slice.segment.clone(),
                subject: subject.clone(),
                window: length,
                detector: detector.name().to_owned(),
            };
            raised.push((key, value));
        }
    }
    for (key, value) in raised {
        model.raise_habit(key, value);
    }
}

/// Whether neither the slice nor its whole is in trouble: a segment is often too small to see what its whole sees, and
/// must not learn it as ordinary.
fn is_quiet(
    model: &Model,
    slice: &Slice,
    subject: &Subject,
    length: WindowLength,
    end: Boundary,
) -> bool {
    let is_quiet = |segment: Option<&Segment>| {
        let place = Place {
            version: slice.version.clone(),
            segment: segment.cloned(),
            subject: Some(subject.clone()),
            length,
        };
        model.knowledge.episodes.is_quiet_at(place, end)
    };
    is_quiet(slice.segment.as_ref()) && (slice.segment.is_none() || is_quiet(None))
}

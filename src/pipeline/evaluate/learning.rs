//! Learning: the reference of a model, and of each segment, in two stages.
//!
//! **First stage.** A provisional reference is frozen once `learning.provisional` of hours with traffic were seen. It finds
//! breaks; what is smaller may be a weekday.
//!
//! **Second stage.** The reference is taken again from everything once `learning.span` was seen. A subject that fires then
//! keeps its provisional one, or the trouble would become the reference.
//!
//! **Subjects that come later** learn from their own first appearance, in the same two stages.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Model;
use super::step::StepContext;
use super::{given_up, ordinary_days, rhythms};
use crate::event::Segment;
use crate::pipeline::plan::{LearningPlan, Plan};
use crate::pipeline::remarks::LateSubject;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::reference::{Learned, Reference, SubjectReference, learn, learn_subjects};
use crate::sketch::Subject;
use crate::window::{Boundary, COARSE_MINUTES, Span, Tier};

/// Freezes what can be learned at this boundary: first the reference of the model, then those of its segments, then what
/// came later, and last what was provisional.
///
/// # Errors
/// If an entry does not serialise.
pub fn freeze_if_ready(model: &mut Model, step: &mut StepContext<'_>) -> Result<(), StageError> {
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
    let segments = model.segment_references.keys().cloned().map(Some);
    let learned: Vec<Option<Segment>> = [None].into_iter().chain(segments).collect();
    for segment in learned {
        add_late(model, segment.as_ref(), step)?;
        if at.on_grid(Tier::SixHours.minutes()) {
            complete(model, segment.as_ref(), step)?;
        }
    }
    Ok(())
}

/// The learning span of the model, once it holds enough hours with traffic and enough predictions.
fn whole_span(model: &Model, at: Boundary, plan: &Plan) -> Option<Span> {
    let start = model.since().floor(COARSE_MINUTES);
    if at.0 - start.0 < plan.learning.provisional_minutes {
        return None;
    }
    let first = model.rings_of(None).filter_map(|(_, ring)| ring.first());
    let span = Span {
        start: first.min().unwrap_or(start).max(start),
        end: at,
    };
    let predictions = model.coarse_predictions(None, span);
    let needed = if is_longest(span) {
        LearningPlan::FEW_EVENTS_MIN
    } else {
        plan.learning.events_min
    };
    let minutes = plan.learning.provisional_minutes;
    (predictions >= needed && covers(model, None, span, minutes)).then_some(span)
}

/// True if `span` holds `minutes` of hours with traffic. Time without predictions teaches nothing: after a smoke test three
/// days before the launch, the first half hour of traffic would otherwise be the reference. A span of 30 days always does,
/// because no pane is kept longer.
fn covers(model: &Model, segment: Option<&Segment>, span: Span, minutes: i64) -> bool {
    is_longest(span) || model.traffic_minutes(segment, span) >= minutes
}

/// Values that the reference of a segment or of a late subject needs: as many as a judged window.
fn events_min(plan: &Plan) -> u64 {
    plan.detect.events_min.max(LearningPlan::FEW_EVENTS_MIN)
}

fn is_longest(span: Span) -> bool {
    span.end.0 - span.start.0 >= i64::from(LearningPlan::SPAN_MINUTES_MAX)
}

/// The segments that can learn at this boundary, with their learning spans.
///
/// When the model has just learned, its segments learn from the same span, so that both are compared with the same days. A
/// segment that appeared in the second half of the span does not: it would take an evening for the rhythm of a day. That
/// segment, and one that was too small, get a learning span of their own.
fn segment_spans(model: &Model, at: Boundary, plan: &Plan) -> Vec<(Segment, Span)> {
    let Some(whole) = model.reference.as_ref().map(|reference| reference.span) else {
        return Vec::new();
    };
    let minutes = plan.learning.provisional_minutes;
    let is_first = whole.end == at;
    let span = |first: Boundary| Span {
        start: if is_first { whole.start } else { first },
        end: at,
    };
    let is_due = |segment: &Segment, first: Boundary| {
        let seen = at.0 - first.0;
        seen >= minutes && covers(model, Some(segment), span(first), minutes)
            || is_first && 2 * seen >= at.0 - whole.start.0
    };
    let predictions =
        |segment: &Segment, first| model.coarse_predictions(Some(segment), span(first));
    let known = model.knowledge.segments.iter();
    known
        .map(|(segment, seen)| (segment, seen.first.max(model.late_since(model.since()))))
        .filter(|(segment, first)| {
            is_due(segment, *first)
                && model.reference_of(Some(segment)).is_none()
                && predictions(segment, *first) >= events_min(plan)
        })
        .map(|(segment, first)| (segment.clone(), span(first)))
        .collect()
}

/// Freezes the first reference of the model, or of a segment.
fn freeze(
    model: &mut Model,
    segment: Option<Segment>,
    span: Span,
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let panes = model
        .rings_of(segment.as_ref())
        .flat_map(|(_, ring)| ring.within(Tier::Quarter, span));
    let mut reference = learn(model.name(), segment.clone(), span, panes);
    let is_complete = covers(
        model,
        segment.as_ref(),
        span,
        step.plan.learning.span_minutes,
    );
    if !is_complete {
        let subjects = reference.subjects.values_mut();
        subjects.for_each(|subject| subject.is_provisional = true);
    }
    rhythms::find(model, &mut reference, |_, own| !own.is_provisional);
    keep(model, reference.with_content_id(), step)?;
    ordinary_days::learn_span(model, segment.as_ref(), (span, None), step)
}

/// Adds the subjects that came later and have been seen for long enough.
fn add_late(
    model: &mut Model,
    segment: Option<&Segment>,
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let Some(known) = model.reference_of(segment).cloned() else {
        return Ok(());
    };
    let due = due_subjects(model, segment, &known, step);
    let due = with_room(model, segment, (&known, due), step);
    if due.is_empty() {
        return Ok(());
    }
    let mut reference = (*known).clone();
    for (subject, span) in &due {
        let panes = model
            .rings_of(segment)
            .filter(|(slice, _)| model.knows(&slice.version, subject));
        let panes = panes.flat_map(|(_, ring)| ring.within(Tier::Quarter, *span));
        let mut learned = learn_subjects(panes, |own| own == subject);
        let is_complete = covers(model, segment, *span, step.plan.learning.span_minutes);
        let (predictions, errors) = (learned.predictions, learned.errors);
        if let Some(learned) = learned.subjects.remove(subject) {
            let late = SubjectReference {
                place: reference.next_place(),
                span: *span,
                predictions,
                errors,
                is_provisional: !is_complete,
                sketch: learned.sketch,
                lone_events: learned.lone_events,
                rhythm: None,
            };
            reference.subjects.insert(subject.clone(), late);
            if segment.is_none() {
                step.observations.late_subjects.push(LateSubject {
                    model: model.name().to_owned(),
                    subject: subject.name(),
                    given_up: None,
                });
            }
        }
    }
    let is_due = |subject: &Subject| due.iter().any(|(own, _)| own == subject);
    rhythms::find(model, &mut reference, |subject, own| {
        is_due(subject) && !own.is_provisional
    });
    keep(model, reference.with_content_id(), step)?;
    for (span, subjects) in by_span(due.into_iter()) {
        ordinary_days::learn_span(model, segment, (span, Some(&subjects)), step)?;
    }
    Ok(())
}

/// The subjects for which the reference has room. The others are given up.
fn with_room(
    model: &mut Model,
    segment: Option<&Segment>,
    (known, due): (&Reference, Vec<(Subject, Span)>),
    step: &mut StepContext<'_>,
) -> Vec<(Subject, Span)> {
    let is_feature = |subject: &Subject| matches!(subject, Subject::Feature(_));
    let features = known.subjects.keys().filter(|subject| is_feature(subject));
    let room = given_up::places(step.plan).saturating_sub(features.count());
    let due = due.into_iter();
    let (mut features, mut due): (Vec<_>, Vec<_>) =
        due.partition(|(subject, _)| is_feature(subject));
    let without_room = features.split_off(room.min(features.len()));
    if segment.is_none() {
        let without_room = without_room.into_iter().map(|(subject, _)| subject);
        given_up::decide(model, without_room.collect(), step);
    }
    due.extend(features);
    due
}

fn by_span(subjects: impl Iterator<Item = (Subject, Span)>) -> BTreeMap<Span, BTreeSet<Subject>> {
    let mut by_span: BTreeMap<Span, BTreeSet<Subject>> = BTreeMap::new();
    for (subject, span) in subjects {
        by_span.entry(span).or_default().insert(subject);
    }
    by_span
}

/// Subjects that the reference lacks and that have been seen for long enough, with their spans.
fn due_subjects(
    model: &Model,
    segment: Option<&Segment>,
    known: &Reference,
    step: &StepContext<'_>,
) -> Vec<(Subject, Span)> {
    let mut due = Vec::new();
    for (subject, first) in model.late_subjects(known) {
        let whole = Span {
            start: first,
            end: step.at,
        };
        let Some(start) = model.first_pane_of(segment, &subject, whole) else {
            continue;
        };
        let span = Span {
            start,
            end: step.at,
        };
        let minutes = step.plan.learning.provisional_minutes;
        if span.end.0 - span.start.0 < minutes || !covers(model, segment, span, minutes) {
            continue;
        }
        let panes = model
            .rings_of(segment)
            .flat_map(|(_, ring)| ring.within(Tier::Quarter, span));
        let present = panes.filter_map(|(_, pane)| pane.subjects.get(&subject));
        let present: u64 = present.map(|sketch| sketch.types.present()).sum();
        if present >= events_min(step.plan) {
            due.push((subject, span));
        }
    }
    due
}

/// Takes the provisional subjects again from everything, once the whole learning span was seen.
fn complete(
    model: &mut Model,
    segment: Option<&Segment>,
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let Some(known) = model
        .reference_of(segment)
        .filter(|own| own.is_provisional())
        .cloned()
    else {
        return Ok(());
    };
    let minutes = step.plan.learning.span_minutes;
    let is_covered = |span: &Span| {
        span.end.0 - span.start.0 >= minutes
            && (is_longest(*span) || model.traffic_minutes_of_days(segment, *span) >= minutes)
    };
    let provisional = known.subjects.iter().filter(|(_, own)| own.is_provisional);
    let until_now = |(subject, own): (&Subject, &SubjectReference)| {
        let start = own.span.start;
        let end = step.at;
        (subject.clone(), Span { start, end })
    };
    let due = provisional.map(until_now);
    let due: BTreeMap<Subject, Span> = due.filter(|(_, span)| is_covered(span)).collect();
    if due.is_empty() {
        return Ok(());
    }
    // A segment is often too small to find what its whole finds.
    let mut troubled = model.knowledge.episodes.troubled(segment);
    troubled.extend(model.knowledge.episodes.troubled(None));
    troubled.retain(|subject| !is_rhythm(model, segment, (&known, &due), subject));
    let mut reference = (*known).clone();
    for span in due.values().copied().collect::<BTreeSet<Span>>() {
        take_again(model, &mut reference, (&due, span), &troubled);
    }
    rhythms::find(model, &mut reference, |subject, _| {
        due.contains_key(subject) && !troubled.contains(subject)
    });
    keep(model, reference.with_content_id(), step)?;
    // Trouble must not become ordinary.
    let ordinary = due
        .into_iter()
        .filter(|(subject, _)| !troubled.contains(subject));
    for (span, subjects) in by_span(ordinary) {
        ordinary_days::learn_span_again(model, segment, (span, &subjects), step)?;
    }
    Ok(())
}

/// True if what troubles a subject is its rhythm: it differs from its first day in the same way each day.
fn is_rhythm(
    model: &Model,
    segment: Option<&Segment>,
    (known, due): (&Reference, &BTreeMap<Subject, Span>),
    subject: &Subject,
) -> bool {
    let own = known.subjects.get(subject).zip(due.get(subject));
    let rhythm =
        own.and_then(|(own, span)| rhythms::of_span(model, segment, (subject, own), *span));
    rhythm.is_some_and(|rhythm| rhythm.is_daily())
}

/// Takes the subjects that are due with this span again from panes of six hours. The first of them is left out if it holds
/// predictions from before the span: of a subject that came later, and if an order began it.
fn take_again(
    model: &Model,
    reference: &mut Reference,
    (due, span): (&BTreeMap<Subject, Span>, Span),
    troubled: &BTreeSet<Subject>,
) {
    let before = span.start.floor(Tier::SixHours.minutes());
    let is_late = span.start > reference.span.start;
    let is_ordered = model.knowledge.relearned_from == Some(span.start);
    let start = if (is_late || is_ordered) && before < span.start {
        before.plus_minutes(Tier::SixHours.minutes())
    } else {
        before
    };
    let from = Span {
        start,
        end: span.end,
    };
    let is_due = |subject: &Subject| due.get(subject) == Some(&span);
    let of_version = |version: &str| {
        !is_late
            || due
                .keys()
                .any(|subject| is_due(subject) && model.knows(version, subject))
    };
    let rings = model.rings_of(reference.segment.as_ref());
    let rings = rings.filter(|(slice, _)| of_version(&slice.version));
    let panes = rings.flat_map(|(_, ring)| ring.within(Tier::SixHours, from));
    let Learned {
        predictions,
        errors,
        subjects,
    } = learn_subjects(panes, is_due);
    for (subject, learned) in subjects {
        let Some(known) = reference.subjects.get_mut(&subject) else {
            continue;
        };
        if !troubled.contains(&subject) {
            known.span = span;
            known.predictions = predictions;
            known.errors = errors;
            known.sketch = learned.sketch;
            known.lone_events = learned.lone_events;
        }
    }
    // A subject that vanished since is compared with what it was.
    for (_, known) in reference
        .subjects
        .iter_mut()
        .filter(|(subject, _)| is_due(subject))
    {
        known.is_provisional = false;
    }
    if !is_late {
        reference.span = span;
        reference.predictions = predictions;
    }
}

/// Keeps a reference, to be published with what else this boundary changes.
fn keep(
    model: &mut Model,
    reference: Reference,
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let segment = reference.segment.clone();
    let key = StateKey::Reference(model.name().to_owned(), segment.clone());
    step.outbox.put(&key, &reference)?;
    let before = model.reference.as_ref().map(|known| known.span);
    if segment.is_none() && before != Some(reference.span) {
        model.knowledge.reference_days = model.days_with_traffic(reference.span);
    }
    model.unpublished.insert(segment.clone());
    model.set_reference(segment, reference);
    model.changed = true;
    Ok(())
}

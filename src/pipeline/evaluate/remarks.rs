//! Remarks on a model, from what is known of it.

use super::former::is_settled;
use super::model::Model;
use super::variability::Thing;
use crate::detect::{DAYS_OF_A_WEEK, DETECTORS, Family, OrdinaryRule, ReferenceKind};
use crate::pipeline::observations::{Progress, ReferenceProgress};
use crate::pipeline::plan::{LearningPlan, Plan};
use crate::pipeline::remarks::{
    AwaitedReference, GivenUp, MissingDays, MovingSubjects, NamedSubjects, Remark, ShortReference,
};
use crate::reference::{Reference, SubjectReference};
use crate::sketch::Subject;
use crate::window::{
    Boundary, COARSE_MINUTES, DAY_MINUTES, HOUR_MINUTES, Span, Tier, WeekDays, WindowLength,
};

/// Everything that an operator should know of the model at `now`.
pub fn of(model: &Model, progress: &ReferenceProgress, now: Boundary, plan: &Plan) -> Vec<Remark> {
    let learning = match progress {
        // What cannot be judged at all has one voice: `unjudged`.
        ReferenceProgress::Learning {
            span_minutes,
            events,
        } if model.knowledge.unjudged.is_none() => Some(AwaitedReference {
            ordered_from: model.knowledge.relearned_from,
            ..awaited(model.since(), now, (*span_minutes, *events), plan)
        }),
        ReferenceProgress::Learning { .. } | ReferenceProgress::Learned { .. } => None,
    };
    let days = model.reference.as_deref();
    let days = days.and_then(|reference| missing_days(model, reference, (now, plan)));
    let thin = model.knowledge.thin_windows.map(Remark::ThinWindows);
    let remarks = [
        learning.map(Remark::Learning),
        thin,
        days.map(Remark::MissingDays),
        moving(model, now, plan).map(Remark::MovingReference),
        given_up(model),
        only_nulls(model, plan).map(Remark::OnlyNulls),
        strong_rhythm(model, plan).map(Remark::StrongRhythm),
    ];
    let held = model.knowledge.episodes.held(&plan.alert);
    let held = held.into_iter().map(Remark::HeldAlerts);
    remarks.into_iter().flatten().chain(held).collect()
}

/// What a reference waits for, if predictions come in every hour from now on. Once the time has passed at which that would have
/// been enough, the pace so far counts.
fn awaited(
    since: Boundary,
    now: Boundary,
    (minutes, events): (Progress, Progress),
    plan: &Plan,
) -> AwaitedReference {
    let start = since.floor(COARSE_MINUTES);
    // A provisional reference judges windows of at most an hour.
    let lengths = || plan.windows.iter().map(|window| window.length.minutes());
    let is_provisional_enough = lengths().any(|minutes| minutes <= HOUR_MINUTES);
    let needed = if is_provisional_enough {
        plan.learning.provisional_minutes
    } else {
        plan.learning.span_minutes
    };
    let first = start.plus_minutes(needed);
    let missing = (needed - i64::try_from(minutes.done).unwrap_or(needed)).max(0);
    let lacking = events.of.saturating_sub(events.done);
    let by_hours = now.floor(HOUR_MINUTES).plus_minutes(missing).max(first);
    let is_late = now >= first;
    let by_events = is_late.then(|| at_this_pace(start, now, events.done, lacking));
    // After 30 days, what there is must do.
    let last = start.plus_minutes(i64::from(LearningPlan::SPAN_MINUTES_MAX));
    let learned = by_events
        .flatten()
        .map_or(by_hours, |by_events| by_events.max(by_hours))
        .min(last.max(by_hours));
    AwaitedReference {
        not_before: ceil(learned, COARSE_MINUTES).plus_minutes(lengths().min().unwrap_or(0)),
        hours: missing.unsigned_abs().div_ceil(HOUR_MINUTES.unsigned_abs()),
        events: lacking,
        is_late,
        ordered_from: None,
    }
}

/// When `lacking` further predictions will have come; `None` if none has come so far.
fn at_this_pace(start: Boundary, now: Boundary, done: u64, lacking: u64) -> Option<Boundary> {
    let passed = now.0 - start.0;
    let minutes = u128::from(lacking) * u128::from(passed.unsigned_abs());
    let minutes = minutes.checked_div(u128::from(done))?;
    Some(now.plus_minutes(i64::try_from(minutes).unwrap_or(i64::from(u32::MAX))))
}

fn ceil(at: Boundary, minutes: i64) -> Boundary {
    let floor = at.floor(minutes);
    if floor == at {
        at
    } else {
        floor.plus_minutes(minutes)
    }
}

fn missing_days(
    model: &Model,
    reference: &Reference,
    (now, plan): (Boundary, &Plan),
) -> Option<MissingDays> {
    let known = model.knowledge.reference_days;
    if known.is_empty() || known.is_whole() {
        return None;
    }
    let minutes = plan.learning.span_minutes;
    let why = if minutes < 7 * DAY_MINUTES {
        ShortReference::Configured(minutes / HOUR_MINUTES)
    } else if !is_settled(reference) {
        ShortReference::Provisional(taken_again(model, reference.span.start, now, minutes))
    } else {
        ShortReference::NoTraffic
    };
    Some(MissingDays { known, why })
}

/// The subjects that are compared with earlier traffic, by the shortest window.
fn moving(model: &Model, now: Boundary, plan: &Plan) -> Option<MovingSubjects> {
    let kind = plan.reference.kind_of_short_windows();
    let reference = model.reference.as_deref().filter(|_| kind.moves())?;
    let judged = reference.subjects.iter();
    let judged = judged.filter(|(subject, own)| subject.is_judged() && !own.is_provisional);
    let subjects: Vec<_> = judged.collect();
    let moving = subjects
        .iter()
        .filter(|(_, own)| plan.reference.moves(own.rhythm));
    let moving: Vec<_> = moving.collect();
    let shortest = plan.windows.iter().map(|spec| spec.length).min()?;
    let habits = model.habits_of(None);
    let judges =
        |subject: &Subject| habits.is_some_and(|own| own.judges_by_moving(shortest, subject));
    // Of a reference that an order brought back, what was counted before has other groups, and what was learned stays.
    let came_back_at = model.came_back_at();
    let lead = plan.reference.lead_minutes();
    let counted = came_back_at.map(|at| at.plus_minutes(lead));
    // A day is known once the next one has closed.
    let days = i64::from(DAYS_OF_A_WEEK) + 1;
    let learned = |own: &SubjectReference| {
        let since = own.span.end.max(came_back_at.unwrap_or(own.span.end));
        since.plus_minutes(lead + days * DAY_MINUTES)
    };
    let waits_until = |(subject, own): &(&Subject, &SubjectReference)| {
        if judges(subject) {
            counted.filter(|counted| now < *counted)
        } else {
            Some(learned(own))
        }
    };
    let waiting: Vec<Boundary> = moving.iter().filter_map(|own| waits_until(own)).collect();
    let not_before = |last: &Boundary| {
        let tomorrow = now.floor(DAY_MINUTES).plus_minutes(DAY_MINUTES);
        (*last).max(tomorrow)
    };
    (!moving.is_empty()).then_some(MovingSubjects {
        kind,
        count: moving.len() as u64,
        waiting: waiting.len() as u64,
        of: subjects.len() as u64,
        not_before: waiting.iter().max().map(not_before),
    })
}

/// The first boundary at which a reference that began at `start` may be taken again, if predictions come all the time from now on:
/// only quarters of a day that hold some count. After 30 days, what there is must do.
fn taken_again(model: &Model, start: Boundary, now: Boundary, minutes: i64) -> Boundary {
    let seen = model.traffic_minutes_of_days(None, Span { start, end: now });
    let quarter_of_day = Tier::SixHours.minutes();
    let by_traffic = now.floor(quarter_of_day).plus_minutes(minutes - seen);
    let last = start.plus_minutes(i64::from(LearningPlan::SPAN_MINUTES_MAX));
    let by_time = start.plus_minutes(minutes);
    ceil(by_traffic.min(last).max(by_time), quarter_of_day)
}

fn given_up(model: &Model) -> Option<Remark> {
    let given_up = &model.knowledge.given_up;
    let count = |reason| given_up.values().filter(|own| **own == reason).count() as u64;
    let (rare, no_room) = (count(GivenUp::Rare), count(GivenUp::NoRoom));
    (rare + no_room > 0).then_some(Remark::GivenUp { rare, no_room })
}

/// Subjects whose reference holds no value that could be compared. Those that are excluded are known to somebody.
fn only_nulls(model: &Model, plan: &Plan) -> Option<NamedSubjects> {
    let subjects = model.reference.as_deref()?.subjects.iter();
    let empty = subjects.filter(|(_, own)| {
        let types = own.sketch.types;
        types.null > 0 && types.present() == types.null
    });
    let subjects = empty.map(|(subject, _)| subject);
    NamedSubjects::of(subjects.filter(|subject| !is_excluded(subject, plan)))
}

/// Subjects whose own movement within a day hides every ordinary shift, and that the frozen reference judges.
/// Windows of at most an hour show it; a longer one is the mean of what the day does.
fn strong_rhythm(model: &Model, plan: &Plan) -> Option<NamedSubjects> {
    let subjects = model.reference.as_deref()?.subjects.keys();
    let habits = model.habits_of(None)?;
    let lengths = plan.windows.iter().map(|spec| spec.length);
    let short = lengths.filter(|length| length.minutes() <= HOUR_MINUTES);
    let short: Vec<WindowLength> = short.collect();
    let drift = DETECTORS.iter().filter(|own| own.family() == Family::Drift);
    let things: Vec<(Thing, OrdinaryRule)> = drift
        .map(|own| (Thing::of(*own, 0), own.ordinary_rule()))
        .collect();
    let hides = |subject: &Subject, length: WindowLength| {
        let bound = |(thing, rule): &(Thing, OrdinaryRule)| {
            habits.bound(ReferenceKind::Fixed, (length, subject), thing, *rule)
        };
        let is_fixed = !habits.judges_by_moving(length, subject);
        is_fixed && things.iter().any(|thing| bound(thing).hides_shifts())
    };
    let strong = subjects.filter(|subject| short.iter().any(|length| hides(subject, *length)));
    NamedSubjects::of(strong.filter(|subject| subject.is_judged() && !is_excluded(subject, plan)))
}

fn is_excluded(subject: &Subject, plan: &Plan) -> bool {
    let mut excluded = plan.detect.exclude.iter();
    excluded.any(|own| own.matches(subject))
}

impl Model {
    /// Days of the week within `span` that hold predictions, by the panes that are kept.
    pub(super) fn days_with_traffic(&self, span: Span) -> WeekDays {
        let mut days = WeekDays::default();
        for (_, ring) in self.rings_of(None) {
            for tier in [Tier::Quarter, Tier::SixHours] {
                let panes = ring.within(tier, span);
                let held = panes.filter(|(_, pane)| pane.predictions > 0);
                held.for_each(|(start, _)| days.add(start));
            }
        }
        days
    }
}

//! Decides whether a model has enough predictions to be judged, and at more than one time. One that has not would otherwise be
//! silent for ever.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Model, predictions_in};
use super::retire::silent_minutes;
use super::step::StepContext;
use super::tallies::TallyPane;
use crate::pipeline::plan::{LearningPlan, Plan};
use crate::pipeline::remarks::ThinWindows;
use crate::pipeline::unjudged::Unjudged;
use crate::window::{Boundary, COARSE_MINUTES, PaneRing, Span, Tier, WindowLength};

/// Decides anew at the end of each tumbling window of the longest length that is reported. A model without any prediction in
/// it is not small, but silent; that is the matter of `volume`, once the model has a reference.
pub fn decide(model: &mut Model, step: &StepContext<'_>) {
    let reported = step.plan.longest_reported();
    let Some(reported) = reported.filter(|reported| step.at.on_grid(reported.minutes())) else {
        return;
    };
    let unjudged = match model.compared_since(None) {
        Some(since) if step.at.0 - since.0 < reported.minutes() => None,
        Some(_) => too_few_to_judge(model, step.at, step.plan),
        None if step.at.0 - model.since().0 < reported.minutes() => None,
        None => all_at_one_time(model, step.plan)
            .or_else(|| too_few_to_learn(model, step.at))
            .or_else(|| fell_silent(model, step.at, step.plan)),
    };
    let thin_windows = if unjudged.is_none() {
        thin_windows(model, (step.at, reported.minutes()), step.plan)
    } else {
        None
    };
    let knowledge = &mut model.knowledge;
    model.changed |= (knowledge.unjudged, knowledge.thin_windows) != (unjudged, thin_windows);
    knowledge.unjudged = unjudged;
    knowledge.thin_windows = thin_windows;
}

/// The windows that were too short in the last `minutes`, if longer ones hold enough. Only those of at most this length can be
/// too short: of the longer ones, [`too_few_to_judge`] tells.
fn thin_windows(model: &Model, (at, minutes): (Boundary, i64), plan: &Plan) -> Option<ThinWindows> {
    let since = model.compared_since(None)?;
    let needed = plan.detect.events_min;
    let span = Span {
        start: at.plus_minutes(-minutes),
        end: at,
    };
    if span.start < since {
        return None;
    }
    let lengths = || plan.windows.iter().map(|window| window.length);
    let short = lengths().filter(|length| length.minutes() <= minutes);
    let held = |length: &WindowLength| most_predictions(model, span, *length);
    let thin = short
        .map(|length| (held(&length), length))
        .take_while(|(most, _)| *most < needed);
    let (predictions, thin) = thin.last()?;
    // Silence is the matter of `volume`.
    let longer = || lengths().filter(|length| *length > thin && predictions > 0);
    let pace = predictions_of_largest(model, span);
    let holds_enough = |length: &WindowLength| {
        let predictions = pace * length.minutes().unsigned_abs() / minutes.unsigned_abs();
        predictions >= needed
    };
    let judging = longer().find(holds_enough).or(longer().next_back())?;
    Some(ThinWindows {
        thin,
        predictions,
        judging,
        needed,
    })
}

/// Predictions of the largest version within `span`.
fn predictions_of_largest(model: &Model, span: Span) -> u64 {
    let rings = model.rings_of(None);
    let predictions = rings.map(|(_, ring)| predictions_in(ring, span));
    predictions.max().unwrap_or(0)
}

/// Most predictions of a version in a tumbling window of this length within `span`.
fn most_predictions(model: &Model, span: Span, length: WindowLength) -> u64 {
    let panes = model.rings_of(None).flat_map(|(slice, ring)| {
        let panes = ring.within(Tier::Quarter, span);
        panes.map(move |(start, pane)| (&slice.version, start, pane.predictions))
    });
    let mut windows: BTreeMap<(&String, i64), u64> = BTreeMap::new();
    let minutes = length.minutes().max(Tier::Quarter.minutes());
    for (version, start, predictions) in panes {
        let window = (version, start.0.div_euclid(minutes));
        *windows.entry(window).or_default() += predictions;
    }
    windows.into_values().max().unwrap_or(0)
}

/// Whether the longest window will hold enough predictions of a version, at the pace since windows are compared.
fn too_few_to_judge(model: &Model, at: Boundary, plan: &Plan) -> Option<Unjudged> {
    let window = plan.windows.iter().map(|window| window.length).max()?;
    let since = model.compared_since(None)?;
    let span = Span {
        start: at.plus_minutes(-window.minutes()).max(since),
        end: at,
    };
    let of_versions = model.tallies.iter();
    let of_versions = of_versions.filter(|(slice, _)| slice.segment.is_none());
    let seen = |ring: &PaneRing<TallyPane>| -> u64 {
        let panes = ring.panes_of(span).into_iter();
        panes.map(|pane| pane.predictions).sum()
    };
    let seen = of_versions.map(|(_, ring)| seen(ring)).max()?;
    let minutes = |minutes: i64| minutes.unsigned_abs().max(1);
    let predictions = seen * minutes(window.minutes()) / minutes(span.end.0 - span.start.0);
    let needed = plan.detect.events_min;
    (1..needed)
        .contains(&predictions)
        .then_some(Unjudged::TooFewToJudge {
            window,
            predictions,
            needed,
        })
}

/// Whether the model, which has been known for a window at least, ever had predictions in one quarter of an hour only.
fn all_at_one_time(model: &Model, plan: &Plan) -> Option<Unjudged> {
    let always = Span {
        // Panes begin with their quarter of an hour, wherever in it the first prediction lies.
        start: model.since().floor(COARSE_MINUTES),
        end: model.last_seen().plus_minutes(COARSE_MINUTES),
    };
    let kept = model.rings_of(None);
    let quarters = kept.flat_map(|(_, ring)| ring.within(Tier::Quarter, always));
    let quarters: BTreeSet<Boundary> = quarters.map(|(start, _)| start).collect();
    let predictions = model.coarse_predictions(None, always);
    let is_one = quarters.len() == 1 && predictions >= LearningPlan::FEW_EVENTS_MIN;
    is_one.then_some(Unjudged::OneTime {
        predictions,
        hours: plan.learning.provisional_minutes.unsigned_abs() / 60,
    })
}

fn too_few_to_learn(model: &Model, at: Boundary) -> Option<Unjudged> {
    let start = at.plus_minutes(-i64::from(LearningPlan::SPAN_MINUTES_MAX));
    if model.since() > start {
        return None;
    }
    let predictions = model.coarse_predictions(None, Span { start, end: at });
    let needed = LearningPlan::FEW_EVENTS_MIN;
    (1..needed)
        .contains(&predictions)
        .then_some(Unjudged::TooFewToLearn {
            predictions,
            needed,
        })
}

/// Whether half of the silence has passed after which a model is forgotten. It would otherwise end without a word: `volume` does
/// not know a model of a few predictions, and 30 days have not passed.
fn fell_silent(model: &Model, at: Boundary, plan: &Plan) -> Option<Unjudged> {
    let since = model.last_seen();
    if 2 * (at.0 - since.0) < silent_minutes(plan) {
        return None;
    }
    let until = since.plus_minutes(silent_minutes(plan));
    Some(Unjudged::FellSilent { since, until })
}

//! Decides whether a model has enough predictions to be judged, and at more than one time. One that has not would otherwise be silent for ever.

use std::collections::BTreeSet;

use super::model::Model;
use super::step::StepContext;
use super::tallies::TallyPane;
use crate::pipeline::plan::{LearningPlan, Plan};
use crate::pipeline::unjudged::Unjudged;
use crate::window::{Boundary, COARSE_MINUTES, PaneRing, Span, Tier};

/// Decides anew at the end of each tumbling window of the longest length that is reported. A model without any prediction in
/// it is not small, but silent; that is the matter of `volume`.
pub fn decide(model: &mut Model, step: &StepContext<'_>) {
    let reported = step.plan.longest_reported();
    let Some(reported) = reported.filter(|reported| step.at.on_grid(reported.minutes())) else {
        return;
    };
    let unjudged = match &model.reference {
        Some(reference) if step.at.0 - reference.span.end.0 < reported.minutes() => None,
        Some(_) => too_few_to_judge(model, step.at, step.plan),
        None if step.at.0 - model.since().0 < reported.minutes() => None,
        None => all_at_one_time(model, step.plan).or_else(|| too_few_to_learn(model, step.at)),
    };
    model.changed |= model.knowledge.unjudged != unjudged;
    model.knowledge.unjudged = unjudged;
}

/// Whether the longest window will hold enough predictions of a version, at the pace since the reference was frozen.
fn too_few_to_judge(model: &Model, at: Boundary, plan: &Plan) -> Option<Unjudged> {
    let window = plan.windows.iter().map(|window| window.length).max()?;
    let learned = model.reference.as_ref()?.span.end;
    let span = Span {
        start: at.plus_minutes(-window.minutes()).max(learned),
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
        start: model.since(),
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

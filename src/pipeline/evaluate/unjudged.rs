//! Decides whether a model has enough predictions to be judged. One that has not would otherwise be silent for ever.

use super::model::Model;
use super::step::StepContext;
use super::tallies::TallyPane;
use crate::pipeline::plan::{LearningPlan, Plan};
use crate::pipeline::unjudged::Unjudged;
use crate::window::{Boundary, PaneRing, Span};

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
        None => too_few_to_learn(model, step.at),
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

//! Decides whether a model has enough predictions to be judged. One that has not would otherwise be silent for ever.

use super::model::{Model, predictions_in};
use super::step::StepContext;
use crate::pipeline::plan::{LearningPlan, Plan};
use crate::pipeline::unjudged::Unjudged;
use crate::window::{Boundary, Span, WindowLength};

/// Decides anew at the end of each tumbling window of the longest length. A model without any prediction in it is not small,
/// but silent; that is the matter of `volume`.
pub fn decide(model: &mut Model, step: &StepContext<'_>) {
    let longest = step.plan.windows.iter().map(|window| window.length).max();
    let Some(longest) = longest.filter(|longest| step.at.on_grid(longest.minutes())) else {
        return;
    };
    let span = Span::ending_at(step.at, longest);
    let unjudged = match &model.reference {
        Some(reference) if span.start < reference.span.end => None,
        Some(_) => too_few_to_judge(model, longest, span, step.plan),
        None => too_few_to_learn(model, step.at, step.plan),
    };
    model.changed |= model.knowledge.unjudged != unjudged;
    model.knowledge.unjudged = unjudged;
}

fn too_few_to_judge(
    model: &Model,
    window: WindowLength,
    span: Span,
    plan: &Plan,
) -> Option<Unjudged> {
    let of_versions = model.rings_of(None);
    let predictions = of_versions
        .map(|(_, ring)| predictions_in(ring, span))
        .max();
    let predictions = predictions.unwrap_or(0);
    let needed = plan.detect.events_min;
    (1..needed)
        .contains(&predictions)
        .then_some(Unjudged::TooFewToJudge {
            window,
            predictions,
            needed,
        })
}

fn too_few_to_learn(model: &Model, at: Boundary, plan: &Plan) -> Option<Unjudged> {
    let start = at.plus_minutes(-i64::from(LearningPlan::SPAN_MINUTES_MAX));
    if model.since() > start {
        return None;
    }
    let predictions = model.coarse_predictions(None, Span { start, end: at });
    let needed = plan.learning.events_min;
    (1..needed)
        .contains(&predictions)
        .then_some(Unjudged::TooFewToLearn {
            predictions,
            needed,
        })
}

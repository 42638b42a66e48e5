//! Learning: the reference of a model, and of each segment, from a first span of event time.

use super::model::Model;
use super::step::StepContext;
use super::{publish, variability};
use crate::event::Segment;
use crate::pipeline::plan::{LearningPlan, Plan};
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::reference::learn;
use crate::window::{Boundary, COARSE_MINUTES, Span};

/// Freezes the references that can be learned at this boundary: first that of the model, then those of its segments.
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
    Ok(())
}

/// The learning span of the model, once it holds enough hours with traffic and enough predictions.
fn whole_span(model: &Model, at: Boundary, plan: &Plan) -> Option<Span> {
    let start = model.since().floor(COARSE_MINUTES);
    if at.0 - start.0 < plan.learning.span_minutes {
        return None;
    }
    let first = model.rings_of(None).filter_map(|(_, ring)| ring.first());
    let span = Span {
        start: first.min().unwrap_or(start).max(start),
        end: at,
    };
    let is_covered = covers(model, None, span, plan);
    (is_covered && model.coarse_predictions(None, span) >= plan.learning.events_min).then_some(span)
}

/// True if `span` holds `learning.span` of hours with traffic. Time without predictions teaches nothing: after a smoke test
/// three days before the launch, the first half hour of traffic would otherwise be the reference. A span of 30 days always
/// does, because no pane is kept longer.
fn covers(model: &Model, segment: Option<&Segment>, span: Span, plan: &Plan) -> bool {
    let needed = plan.learning.span_minutes;
    let longest = i64::from(LearningPlan::SPAN_MINUTES_MAX);
    span.end.0 - span.start.0 >= longest || model.traffic_minutes(segment, span) >= needed
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
    let is_first = whole.end == at;
    let span = |first: Boundary| Span {
        start: if is_first { whole.start } else { first },
        end: at,
    };
    let is_due = |segment: &Segment, first: Boundary| {
        let seen = at.0 - first.0;
        seen >= plan.learning.span_minutes && covers(model, Some(segment), span(first), plan)
            || is_first && 2 * seen >= at.0 - whole.start.0
    };
    let predictions =
        |segment: &Segment, first| model.coarse_predictions(Some(segment), span(first));
    let known = model.knowledge.segments.iter();
    known
        .map(|(segment, seen)| (segment, seen.first.max(model.since())))
        .filter(|(segment, first)| {
            is_due(segment, *first)
                && model.reference_of(Some(segment)).is_none()
                && predictions(segment, *first) >= plan.detect.events_min
        })
        .map(|(segment, first)| (segment.clone(), span(first)))
        .collect()
}

fn freeze(
    model: &mut Model,
    segment: Option<Segment>,
    span: Span,
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
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
    variability::learn_within(model, segment.as_ref(), span, step.plan);
    model.changed = true;
    Ok(())
}

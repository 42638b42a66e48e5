//! Evaluation of a model's objectives at a boundary: by the clock of predictions, or by the clock of the join.

use super::model::Model;
use super::objectives::{ObjectiveContext, SegmentShares};
use super::publish;
use super::retire;
use super::slice::Slice;
use super::step::StepContext;
use crate::detect::slo::{Objective, Series};
use crate::event::Segment;
use crate::pipeline::plan::Plan;
use crate::pipeline::stage::StageError;
use crate::sketch::{Exemplars, Monoid, Quality, Share};
use crate::window::{Boundary, COARSE_MINUTES, Span};

/// Minutes for which the shares of segments are available, for SLIs that predictions carry.
const SEGMENT_MINUTES: i64 = 1_440;

/// Minutes between two decisions on whether the positive class of an objective has occurred.
const IDLE_STEP_MINUTES: i64 = 60;

/// Quality of one slice that became known in one minute.
pub struct QualityDelta {
    /// The slice.
    pub slice: Slice,
    /// Start of the quarter of an hour of the predictions.
    pub predicted: Boundary,
    /// Signed counts.
    pub quality: Quality,
}

/// True if the objective is evaluated by the clock of the join.
fn is_on_labels(objective: &Objective, plan: &Plan) -> bool {
    objective.sli.is_delayed() && plan.joins()
}

fn objectives_of<'a>(model: &str, plan: &'a Plan) -> impl Iterator<Item = &'a Objective> {
    plan.objectives
        .iter()
        .filter(move |own| own.is_about(model))
}

/// Counts the last minute for every objective whose SLI predictions carry, and evaluates the objectives of this clock.
///
/// # Errors
/// When something of ours does not serialise.
pub fn keep(model: &mut Model, step: &mut StepContext<'_>) -> Result<(), StageError> {
    let (at, plan) = (step.at, step.plan);
    if plan.objectives.is_empty() {
        return Ok(());
    }
    let name = model.name().to_owned();
    let minute = at.plus_minutes(-1);
    let mut objectives = std::mem::take(&mut model.objectives);
    for objective in objectives_of(&name, plan) {
        let last = Span {
            start: minute,
            end: at,
        };
        let share = carried(model, objective, None, last);
        objectives.count(&name, objective, minute, share, step.outbox)?;
        if !is_on_labels(objective, plan) {
            let around = ObjectiveContext {
                model: &name,
                segments: &|objective, span| segments_carried(model, objective, span),
                matured: &|objective, series| at_once(objective, series, at),
                exemplars: &|cause| publish::exemplars(model, cause, at),
            };
            objectives.evaluate(objective, &around, step)?;
        }
    }
    model.objectives = objectives;
    Ok(())
}

/// Adds the quality of one slice that became known in the last minute. The model must hold the slice.
///
/// # Errors
/// When something of ours does not serialise.
pub fn count(
    model: &mut Model,
    of: &QualityDelta,
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let (at, plan) = (step.at, step.plan);
    let name = model.name().to_owned();
    model
        .quality
        .add(of.slice.clone(), of.predicted, at, &of.quality, plan);
    if of.slice.segment.is_some() {
        return Ok(());
    }
    for objective in objectives_of(&name, plan).filter(|own| is_on_labels(own, plan)) {
        let positive = model.quality.positive(&name, plan);
        let share = objective.sli.share_of_quality(&of.quality, positive);
        let minute = at.plus_minutes(-1);
        model
            .objectives
            .count(&name, objective, minute, share, step.outbox)?;
    }
    Ok(())
}

/// Closes a boundary of the join's clock for one model, once the last minute is counted.
///
/// # Errors
/// When something of ours does not serialise.
pub fn judge(model: &mut Model, step: &mut StepContext<'_>) -> Result<(), StageError> {
    let (at, plan) = (step.at, step.plan);
    if at.on_grid(COARSE_MINUTES) {
        retire::labelled(model, step);
    }
    let name = model.name().to_owned();
    model.quality.close(&name, step)?;
    let mut objectives = std::mem::take(&mut model.objectives);
    let is_hour = at.on_grid(IDLE_STEP_MINUTES);
    for objective in objectives_of(&name, plan).filter(|own| is_on_labels(own, plan)) {
        let quality = &model.quality;
        if is_hour && objective.sli.needs_positive() && quality.lacks_positive(&name, at, plan) {
            objectives.without_positive.insert(objective.name.clone());
        } else if is_hour {
            objectives.without_positive.remove(&objective.name);
        }
        let around = ObjectiveContext {
            model: &name,
            segments: &|objective, span| quality.segment_shares(&name, objective, span, plan),
            matured: &|objective, _| quality.matured(&name, objective, at, plan),
            // The join knows ids only as hashes, so it has no exemplars.
            exemplars: &|_| Exemplars::default(),
        };
        objectives.evaluate(objective, &around, step)?;
    }
    model.objectives = objectives;
    Ok(())
}

/// The share of the latest window. What predictions carry needs no time to mature.
fn at_once(objective: &Objective, series: &Series, at: Boundary) -> Option<Share> {
    let window = objective.matured_window()?;
    Some(series.sum(Span::ending_at(at, window)))
}

/// The share in `span` of what predictions carry, of all versions.
fn carried(model: &Model, objective: &Objective, segment: Option<&Segment>, span: Span) -> Share {
    let mut share = Share::default();
    for (_, ring) in model.rings_of(segment) {
        let panes = ring.panes_of(span).into_iter();
        let shares = panes.filter_map(|pane| pane.objectives.get(&objective.name));
        shares.for_each(|own| share.merge(own));
    }
    share
}

/// Shares of all segments in the last day of `span`, of what predictions carry.
fn segments_carried(model: &Model, objective: &Objective, span: Span) -> SegmentShares {
    let start = span.start.max(span.end.plus_minutes(-SEGMENT_MINUTES));
    let span = Span { start, ..span };
    SegmentShares::over(model.segments(), |segment| {
        carried(model, objective, segment, span)
    })
}

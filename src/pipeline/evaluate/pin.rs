//! Drops what a model has learned at an order, keeps it for another, and brings it back.

use super::former::{FormerReference, LearnedModel, LearnedSegment};
use super::knowledge::Comeback;
use super::model::Model;
use super::publish;
use super::retire;
use super::step::StepContext;
use crate::pipeline::observations::Forgotten;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::window::{Boundary, COARSE_MINUTES};

/// Drops the references of the model and of its segments, what was learned with them, and the alerts that compare with them.
/// Learning begins at `from`. Traffic, quality and objectives stay: they do not depend on a reference. A settled reference is
/// kept; without one, an earlier one stays.
///
/// # Errors
/// If an entry does not serialise.
pub fn relearn(
    model: &mut Model,
    (from, why): (Boundary, &str),
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let dropped = drop_learned(model, why, step)?;
    model.knowledge.relearned_from = Some(from);
    if let Some(former) = FormerReference::of(dropped, step.at) {
        keep_former(model, former, step)?;
    }
    Ok(())
}

/// Brings back the former reference, if there is one, and keeps the one that it replaces. Windows that reach into the time before
/// are not judged: their panes were counted by other groups, and alerts about them have ended.
///
/// # Errors
/// If an entry does not serialise.
pub fn pin(model: &mut Model, why: &str, step: &mut StepContext<'_>) -> Result<(), StageError> {
    let Some(former) = model.former.take() else {
        return Ok(());
    };
    let dropped = drop_learned(model, why, step)?;
    match FormerReference::of(dropped, step.at) {
        Some(dropped) => keep_former(model, dropped, step)?,
        None => remove_former(model, step)?,
    }
    let learned = former.into_learned(step.at, |segment| model.segment_since(segment));
    bring_back(model, learned, step)
}

/// Forgets a former reference that is no longer kept.
///
/// # Errors
/// If a key does not serialise.
pub fn forget_old(model: &mut Model, step: &mut StepContext<'_>) -> Result<(), StageError> {
    let is_over = |former: &FormerReference| former.is_over(step.at);
    if step.at.on_grid(COARSE_MINUTES) && model.former.as_ref().is_some_and(is_over) {
        model.former = None;
        remove_former(model, step)?;
    }
    Ok(())
}

fn keep_former(
    model: &mut Model,
    former: FormerReference,
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let key = StateKey::Former(model.name().to_owned());
    step.outbox.put(&key, &former)?;
    model.former = Some(former);
    Ok(())
}

fn remove_former(model: &Model, step: &mut StepContext<'_>) -> Result<(), StageError> {
    let key = StateKey::Former(model.name().to_owned());
    Ok(step.outbox.remove(&key)?)
}

/// Ends the alerts that compare with the references, and takes what was learned out of the model and of the state.
fn drop_learned(
    model: &mut Model,
    why: &str,
    step: &mut StepContext<'_>,
) -> Result<LearnedModel, StageError> {
    let at = step.at;
    publish::end_alerts(model, step, |episodes, context| {
        episodes.drop_compared(at, why, context)
    });
    let segments = model.take_learned_segments();
    for segment in segments.keys() {
        let name = model.knowledge.name.clone();
        retire::forget_reference(name, segment.clone(), step.outbox)?;
        retire::forget_tallies(model, segment.as_ref(), step.outbox)?;
    }
    let knowledge = &mut model.knowledge;
    let dropped = LearnedModel {
        segments,
        days: std::mem::take(&mut knowledge.reference_days),
        given_up: std::mem::take(&mut knowledge.given_up),
        growth: std::mem::take(&mut knowledge.growth),
        relearned_from: knowledge.relearned_from.take(),
        away_minutes: knowledge.comeback.take().map_or(0, |own| own.away_minutes),
    };
    knowledge.unjudged = None;
    knowledge.thin_windows = None;
    model.changed = true;
    // Distances from a reference that is gone are no longer shown.
    for (version, subjects) in &model.knowledge.versions {
        let shown = subjects.keys().map(|subject| Forgotten {
            model: model.knowledge.name.clone(),
            version: Some(version.clone()),
            segment: None,
            subject: Some(subject.clone()),
        });
        step.observations.forgotten.extend(shown);
    }
    Ok(dropped)
}

fn bring_back(
    model: &mut Model,
    learned: LearnedModel,
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let LearnedModel {
        segments,
        days,
        given_up,
        growth,
        relearned_from,
        away_minutes,
    } = learned;
    let knowledge = &mut model.knowledge;
    knowledge.reference_days = days;
    knowledge.given_up = given_up;
    knowledge.growth = growth;
    knowledge.relearned_from = relearned_from;
    knowledge.comeback = Some(Comeback {
        at: step.at,
        away_minutes,
    });
    for (segment, own) in segments {
        let LearnedSegment { reference, habits } = own;
        let name = model.knowledge.name.clone();
        let key = StateKey::Variability(name.clone(), segment.clone());
        step.outbox.put(&key, &habits)?;
        step.outbox
            .put(&StateKey::Reference(name, segment.clone()), &reference)?;
        model.unpublished.insert(segment.clone());
        model.habits.insert(segment.clone(), habits);
        model.set_reference(segment, reference);
    }
    Ok(())
}

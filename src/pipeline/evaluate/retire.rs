//! Retirement: versions, subjects, segments and models that were silent for long make room for others.

use std::collections::BTreeSet;

use super::knowledge::SubjectsByVersion;
use super::model::Model;
use super::slice::Slice;
use super::step::StepContext;
use crate::event::Segment;
use crate::pipeline::observations::Forgotten;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::plan::Plan;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::sketch::Subject;
use crate::window::{Boundary, COARSE_MINUTES, Tier};

/// Minutes beyond the label horizon for which labels of a silent slice are still counted: the rest of its last day, and
/// days by which the clock of quality may be behind the clock of predictions. A catch-up of few events makes that gap large.
const QUALITY_BEHIND_MINUTES: i64 = 7 * 1_440;

/// Minutes of silence after which a model is forgotten. Labels may come until then. Names that are judged for drift are
/// forgotten sooner.
pub fn silent_minutes(plan: &Plan) -> i64 {
    plan.bounds.retire_minutes.max(labelled_minutes(plan))
}

/// Minutes of silence after which the quality of a slice is forgotten: no label can come any more. A model that changes its
/// version every day must not keep the quality of thirty.
fn labelled_minutes(plan: &Plan) -> i64 {
    if plan.joins() {
        plan.join.horizon_minutes + QUALITY_BEHIND_MINUTES
    } else {
        0
    }
}

/// Forgets silent versions and subjects.
pub fn names(model: &mut Model, step: &mut StepContext<'_>) {
    if !step.at.on_grid(COARSE_MINUTES) {
        return;
    }
    let oldest = step.at.plus_minutes(-step.plan.bounds.retire_minutes);
    let knowledge = &mut model.knowledge;
    let silent = silent_names(&knowledge.name, &mut knowledge.versions, oldest);
    model.changed |= !silent.is_empty();
    step.observations.forgotten.extend(silent);
    if !step.plan.joins() {
        knowledge.labelled_until.clear(); // without a join, no clock of quality would forget them
    }
}

/// Removes the versions and subjects that were last seen before `oldest`, and returns their names.
fn silent_names(model: &str, versions: &mut SubjectsByVersion, oldest: Boundary) -> Vec<Forgotten> {
    let mut silent = Vec::new();
    versions.retain(|version, subjects| {
        let gone = subjects.extract_if(.., |_, seen| seen.last < oldest);
        let gone: Vec<Subject> = gone.map(|(subject, _)| subject).collect();
        let whole = Forgotten {
            model: model.to_owned(),
            version: Some(version.clone()),
            ..Forgotten::default()
        };
        if subjects.is_empty() {
            silent.push(whole);
            return false;
        }
        silent.extend(gone.into_iter().map(|subject| Forgotten {
            subject: Some(subject),
            ..whole.clone()
        }));
        true
    });
    silent
}

/// Forgets, by the clock of quality, the slices to which no label can come any more.
pub fn labelled(model: &mut Model, step: &mut StepContext<'_>) {
    let oldest = step.at.plus_minutes(-labelled_minutes(step.plan));
    let knowledge = &mut model.knowledge;
    let silent = knowledge
        .labelled_until
        .extract_if(.., |_, day| *day < oldest);
    let silent: Vec<Forgotten> = silent
        .map(|(slice, _)| Forgotten {
            model: knowledge.name.clone(),
            version: Some(slice.version),
            segment: slice.segment,
            subject: None,
        })
        .collect();
    model.changed |= !silent.is_empty();
    step.observations.forgotten.extend(silent);
}

/// Forgets silent segments. A segment that comes back is new and learns again.
///
/// # Errors
/// If an entry does not serialise.
pub fn segments(model: &mut Model, step: &mut StepContext<'_>) -> Result<(), StageError> {
    if !step.at.on_grid(COARSE_MINUTES) {
        return Ok(());
    }
    let oldest = step.at.plus_minutes(-step.plan.bounds.retire_minutes);
    for segment in model.knowledge.segments.retire(oldest) {
        model.changed = true;
        step.observations.forgotten.push(Forgotten {
            model: model.name().to_owned(),
            segment: Some(segment.clone()),
            ..Forgotten::default()
        });
        forget_panes(model, Some(&segment), step.outbox)?;
        if model.drop_reference(&segment) {
            let name = model.knowledge.name.clone();
            forget_reference(name, Some(segment), step.outbox)?;
        }
    }
    Ok(())
}

/// Removes every state entry of a model.
///
/// # Errors
/// If a key does not serialise.
pub fn forget(mut model: Model, outbox: &mut Outbox) -> Result<(), StageError> {
    let slices = model.rings.keys().chain(model.tallies.keys());
    let segments: BTreeSet<Option<Segment>> = slices.map(|slice| slice.segment.clone()).collect();
    for segment in segments {
        forget_panes(&mut model, segment.as_ref(), outbox)?;
    }
    let name = model.knowledge.name;
    if model.former.is_some() {
        outbox.remove(&StateKey::Former(name.clone()))?;
    }
    model.quality.forget(&name, outbox)?;
    model.objectives.forget(&name, outbox)?;
    let segments = model.segment_references.into_keys().map(Some);
    for segment in segments.chain([None]) {
        forget_reference(name.clone(), segment, outbox)?;
    }
    Ok(outbox.remove(&StateKey::Model(name))?)
}

fn forget_panes(
    model: &mut Model,
    segment: Option<&Segment>,
    outbox: &mut Outbox,
) -> Result<(), StageError> {
    for (slice, ring) in model.rings_of(segment) {
        for (tier, start) in ring.starts() {
            outbox.remove(&StateKey::Pane(slice.of(model.name()), tier, start))?;
        }
    }
    model
        .rings
        .retain(|slice, _| slice.segment.as_ref() != segment);
    forget_tallies(model, segment, outbox)
}

/// Removes the panes of a segment, or of the whole, that were counted against its reference.
///
/// # Errors
/// If a key does not serialise.
pub fn forget_tallies(
    model: &mut Model,
    segment: Option<&Segment>,
    outbox: &mut Outbox,
) -> Result<(), StageError> {
    let is_of = |slice: &Slice| slice.segment.as_ref() == segment;
    for (slice, ring) in model.tallies.iter().filter(|(slice, _)| is_of(slice)) {
        for (tier, start) in ring.starts().filter(|(tier, _)| *tier != Tier::Minute) {
            outbox.remove(&StateKey::Tally(slice.of(model.name()), tier, start))?;
        }
    }
    model.tallies.retain(|slice, _| !is_of(slice));
    Ok(())
}

/// Removes the reference of a model or segment, and what was learned with it.
///
/// # Errors
/// If a key does not serialise.
pub fn forget_reference(
    model: String,
    segment: Option<Segment>,
    outbox: &mut Outbox,
) -> Result<(), StageError> {
    outbox.remove(&StateKey::Variability(model.clone(), segment.clone()))?;
    Ok(outbox.remove(&StateKey::Reference(model, segment))?)
}

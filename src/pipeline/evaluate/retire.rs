//! Retirement: versions, subjects, segments and models that were silent for long make room for others.

use std::collections::BTreeSet;

use super::knowledge::SubjectsByVersion;
use super::model::Model;
use super::step::StepContext;
use crate::event::Segment;
use crate::pipeline::observations::Forgotten;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::plan::Plan;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::sketch::Subject;
use crate::window::{Boundary, COARSE_MINUTES};

/// Minutes beyond the label horizon for which labels of a silent slice are still counted: the rest of its last day, and
/// days by which the clock of quality may be behind the clock of predictions. A catch-up of few events makes that gap large.
const QUALITY_BEHIND_MINUTES: i64 = 7 * 1_440;

/// Minutes of silence after which a model, and the quality of its slices, is forgotten. Labels may come until then. Names
/// that are judged for drift are forgotten sooner.
pub fn labelled_minutes(plan: &Plan) -> i64 {
    let needed = if plan.joins() {
        plan.join.horizon_minutes + QUALITY_BEHIND_MINUTES
    } else {
        0
    };
    plan.bounds.retire_minutes.max(needed)
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
        model
            .knowledge
            .variability
            .retain(|key, _| key.segment.as_ref() != Some(&segment));
        step.observations.forgotten.push(Forgotten {
            model: model.name().to_owned(),
            segment: Some(segment.clone()),
            ..Forgotten::default()
        });
        forget_panes(model, Some(&segment), step.outbox)?;
        if model.segment_references.remove(&segment).is_some() {
            let key = StateKey::Reference(model.knowledge.name.clone(), Some(segment));
            step.outbox.remove(&key)?;
        }
    }
    Ok(())
}

/// Removes every state entry of a model.
///
/// # Errors
/// If a key does not serialise.
pub fn forget(mut model: Model, outbox: &mut Outbox) -> Result<(), StageError> {
    let slices = model.rings.keys();
    let segments: BTreeSet<Option<Segment>> = slices.map(|slice| slice.segment.clone()).collect();
    for segment in segments {
        forget_panes(&mut model, segment.as_ref(), outbox)?;
    }
    let name = model.knowledge.name;
    model.quality.forget(&name, outbox)?;
    model.objectives.forget(&name, outbox)?;
    let segments = model.segment_references.into_keys().map(Some);
    for segment in segments.chain([None]) {
        outbox.remove(&StateKey::Reference(name.clone(), segment))?;
    }
    Ok(outbox.remove(&StateKey::Model(name))?)
}

fn forget_panes(
    model: &mut Model,
    segment: Option<&Segment>,
    outbox: &mut Outbox,
) -> Result<(), StageError> {
    for (slice, ring) in model.rings_of(segment) {
        for (start, is_fine) in ring.starts() {
            let scope = slice.of(model.name());
            let key = if is_fine {
                StateKey::Fine(scope, start)
            } else {
                StateKey::Coarse(scope, start)
            };
            outbox.remove(&key)?;
        }
    }
    model
        .rings
        .retain(|slice, _| slice.segment.as_ref() != segment);
    Ok(())
}

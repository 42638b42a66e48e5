//! Late subjects that are given up: without a word, they would be outside every detector for good.

use std::collections::BTreeMap;

use super::model::Model;
use super::step::StepContext;
use crate::pipeline::plan::Plan;
use crate::pipeline::remarks::{GivenUp, LateSubject};
use crate::sketch::Subject;

/// A reference holds at most as many features as this many versions have.
const VERSIONS: usize = 2;

/// Features that a reference holds at most. Those of a version are bounded; those of all versions that ever came must be, too.
pub fn places(plan: &Plan) -> usize {
    plan.bounds.features_max.saturating_mul(VERSIONS)
}

/// Decides which late subjects of the whole are given up, and observes those that are so for the first time. `without_room` are
/// those that could be learned now, if the reference had a place. At most as many are remembered as a reference has places.
pub fn decide(model: &mut Model, without_room: Vec<Subject>, step: &mut StepContext<'_>) {
    let Some(reference) = &model.reference else {
        return;
    };
    let rare = model.too_rare_subjects(reference).into_iter();
    let before = &model.knowledge.given_up;
    // What found no room is not rare, even once its panes are gone.
    let rare = rare.map(|subject| {
        let why = before.get(&subject).copied().unwrap_or(GivenUp::Rare);
        (subject, why)
    });
    let no_room = without_room.into_iter();
    let no_room = no_room.map(|subject| (subject, GivenUp::NoRoom));
    let now = no_room.chain(rare).take(places(step.plan));
    let now: BTreeMap<Subject, GivenUp> = now.collect();
    if model.knowledge.given_up == now {
        return;
    }
    for (subject, reason) in &now {
        if model.knowledge.given_up.get(subject) != Some(reason) {
            step.observations.late_subjects.push(LateSubject {
                model: model.knowledge.name.clone(),
                subject: subject.name(),
                given_up: Some(*reason),
            });
        }
    }
    model.knowledge.given_up = now;
    model.changed = true;
}

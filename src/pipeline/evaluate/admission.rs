//! Limits on the number of models, versions, segments and features, applied when a pane closes.
//!
//! Known names stay, except that a version that was silent for the longest window gives way to one that lives: a model that
//! is deployed often would otherwise fill its limit with versions that are gone. New names are admitted by the order of their
//! hashes, not by the order of their arrival. So the result depends on the panes alone, and not on partitions, flushes or
//! crashes. Most names beyond a limit are dropped before,
//! while the pane is open ([`open_names`](super::open_names)).

use std::collections::{BTreeMap, BTreeSet};

use super::left_out::TurnedAway;
use super::model::Model;
use super::name_limits::NameLimits;
use super::unclosed_panes::{UnclosedPane, values_of};
use crate::event::{Scope, Segment};
use crate::pipeline::observations::Forgotten;
use crate::sketch::{Partial, Subject, id_hash};
use crate::window::Boundary;

/// Removes from a closing pane what is beyond the bounds, counts it, and admits new names within them.
pub fn admit(
    limits: NameLimits,
    models: &mut BTreeMap<String, Model>,
    pane: &mut UnclosedPane,
    start: Boundary,
    forgotten: &mut Vec<Forgotten>,
) {
    admit_models(limits.models, models, pane, start);
    for model in models.values_mut() {
        admit_versions(limits, model, pane, start, forgotten);
    }
    if pane.scopes.keys().any(|scope| scope.segment.is_some()) {
        keep_with_their_whole(&mut pane.scopes);
        for model in models.values() {
            admit_values(limits.values, model, pane);
        }
    }
    admit_features(limits.features, models, pane);
}

/// Admits new models, and turns away those beyond the limit.
fn admit_models(
    limit: usize,
    models: &mut BTreeMap<String, Model>,
    pane: &mut UnclosedPane,
    start: Boundary,
) {
    let new_models: Vec<&str> = pane
        .scopes
        .keys()
        .map(|s| s.model.as_str())
        .filter(|m| !models.contains_key(*m))
        .collect();
    let (admitted, _) = choose(new_models, limit.saturating_sub(models.len()));
    for model in admitted {
        models.insert(model.clone(), Model::new(model, start));
    }
    let refused = |scope: &Scope| scope.segment.is_none() && !models.contains_key(&scope.model);
    turn_away(pane, TurnedAway::Model, refused);
}

/// Lets silent versions give way to new ones, and turns away those beyond the limit.
fn admit_versions(
    limits: NameLimits,
    model: &mut Model,
    pane: &mut UnclosedPane,
    start: Boundary,
    forgotten: &mut Vec<Forgotten>,
) {
    let scopes = pane.scopes.keys();
    let of_model = scopes.filter(|scope| scope.model == model.name());
    let new: BTreeSet<&str> = of_model
        .map(|s| s.version.as_str())
        .filter(|v| !model.has_version(v))
        .collect();
    if new.is_empty() {
        return;
    }
    let room = |model: &Model| limits.versions.saturating_sub(model.version_count());
    let missing = new.len().saturating_sub(room(model));
    let silent_before = start.plus_minutes(-limits.silent_minutes);
    forgotten.extend(model.give_way(missing, silent_before));
    let (_, refused) = choose(new.into_iter().collect(), room(model));
    turn_away(pane, TurnedAway::Version, |scope| {
        scope.segment.is_none() && scope.model == model.name() && refused.contains(&scope.version)
    });
}

/// Drops the segments of versions that were turned away. Their predictions are already in the count of the version.
fn keep_with_their_whole(scopes: &mut BTreeMap<Scope, Partial>) {
    let mut whole: Option<Scope> = None;
    scopes.retain(|scope, _| {
        if scope.segment.is_none() {
            whole = Some(scope.clone()); // the whole sorts before its segments
            return true;
        }
        whole
            .as_ref()
            .is_some_and(|whole| (&whole.model, &whole.version) == (&scope.model, &scope.version))
    });
}

/// Turns away new segment values beyond the limit.
fn admit_values(limit: usize, model: &Model, pane: &mut UnclosedPane) {
    let mut new: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let scopes = pane.scopes.keys();
    let of_model = scopes.filter(|scope| scope.model == model.name());
    for segment in of_model.filter_map(|scope| scope.segment.as_ref()) {
        if !model.knows_segment(segment) {
            new.entry(&segment.key).or_default().push(&segment.value);
        }
    }
    let mut refused = BTreeSet::new();
    for (key, values) in new {
        let room = limit.saturating_sub(model.values_of(key));
        let segment = |value| Segment {
            key: key.to_owned(),
            value,
        };
        refused.extend(choose(values, room).1.into_iter().map(segment));
    }
    turn_away(pane, TurnedAway::Segment, |scope| {
        let segment = scope.segment.as_ref();
        scope.model == model.name() && segment.is_some_and(|segment| refused.contains(segment))
    });
}

/// Removes the scopes that are `refused`, and counts their predictions.
fn turn_away(pane: &mut UnclosedPane, why: TurnedAway, refused: impl Fn(&Scope) -> bool) {
    let left_out = &mut pane.left_out;
    pane.scopes.retain(|scope, partial| {
        let stays = !refused(scope);
        if !stays {
            left_out.count(why, scope, partial.predictions);
        }
        stays
    });
}

/// Removes new features beyond the limit, and counts their values. A segment keeps the features of its whole, because it
/// has no others.
fn admit_features(limit: usize, models: &BTreeMap<String, Model>, pane: &mut UnclosedPane) {
    let mut refused: Vec<Subject> = Vec::new();
    for (scope, partial) in &mut pane.scopes {
        if scope.segment.is_none() {
            let model = models.get(&scope.model);
            refused = model.map_or_else(Vec::new, |model| {
                refused_features(limit, model, &scope.version, partial)
            });
            let values = values_of(partial, &refused);
            pane.left_out.count_features(scope, values);
        }
        for subject in &refused {
            partial.subjects.remove(subject);
        }
    }
}

fn refused_features(limit: usize, model: &Model, version: &str, partial: &Partial) -> Vec<Subject> {
    let new = |subject: &&Subject| !model.knows(version, subject);
    let new = partial.subjects.keys().filter(new);
    let names = new.filter_map(|subject| match subject {
        Subject::Feature(name) => Some(name.as_str()),
        Subject::Label
        | Subject::Score
        | Subject::Value
        | Subject::Latency
        | Subject::InputTokens
        | Subject::OutputTokens
        | Subject::Cost
        | Subject::Evaluation(_)
        | Subject::Objective(_)
        | Subject::Errors => None,
    });
    let room = limit.saturating_sub(model.feature_count(version));
    let (_, refused) = choose(names.collect(), room);
    refused.into_iter().map(Subject::Feature).collect()
}

/// Splits `names` into the `room` names with the smallest hashes and the rest.
fn choose(mut names: Vec<&str>, room: usize) -> (Vec<String>, Vec<String>) {
    names.sort_unstable_by_key(|name| (id_hash(name), *name));
    names.dedup();
    let (admitted, refused) = names.split_at(room.min(names.len()));
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    (owned(admitted), owned(refused))
}

//! Limits on the number of models, versions, segments and features, applied when a pane closes.
//!
//! Known names stay. New names are admitted by the order of their hashes, not by the order of their arrival. So the result
//! depends on the panes alone, and not on partitions, flushes or crashes.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Model;
use crate::event::{Scope, Segment};
use crate::pipeline::observations::Overflow;
use crate::pipeline::plan::{Bounds, Plan, SegmentsPlan};
use crate::sketch::{Partial, Subject, id_hash};
use crate::window::Boundary;

/// Removes from a closing pane what is beyond the bounds, and admits new names within them. Returns what was left out.
pub fn admit(
    plan: &Plan,
    models: &mut BTreeMap<String, Model>,
    scopes: &mut BTreeMap<Scope, Partial>,
    start: Boundary,
) -> Overflow {
    let mut overflow = Overflow::default();
    overflow.predictions += admit_models(&plan.bounds, models, scopes, start);
    for model in models.values() {
        overflow.predictions += admit_versions(&plan.bounds, model, scopes);
    }
    if scopes.keys().any(|scope| scope.segment.is_some()) {
        keep_with_their_whole(scopes);
        for model in models.values() {
            overflow.segments += admit_values(&plan.segments, model, scopes);
        }
    }
    overflow.features += admit_features(&plan.bounds, models, scopes);
    overflow
}

/// Admits new models. Returns the predictions of those that were turned away.
fn admit_models(
    bounds: &Bounds,
    models: &mut BTreeMap<String, Model>,
    scopes: &mut BTreeMap<Scope, Partial>,
    start: Boundary,
) -> u64 {
    let new_models: Vec<&str> = scopes
        .keys()
        .map(|s| s.model.as_str())
        .filter(|m| !models.contains_key(*m))
        .collect();
    let (admitted, _) = choose(new_models, bounds.models_max.saturating_sub(models.len()));
    for model in admitted {
        models.insert(model.clone(), Model::new(model, start));
    }
    let refused = |scope: &Scope| scope.segment.is_none() && !models.contains_key(&scope.model);
    turn_away(scopes, refused)
}

/// Turns away new versions beyond the limit. Returns their predictions.
fn admit_versions(bounds: &Bounds, model: &Model, scopes: &mut BTreeMap<Scope, Partial>) -> u64 {
    let of_model = scopes.keys().filter(|scope| scope.model == model.name());
    let new: Vec<&str> = of_model
        .map(|s| s.version.as_str())
        .filter(|v| !model.has_version(v))
        .collect();
    let room = bounds.versions_max.saturating_sub(model.version_count());
    let (_, refused) = choose(new, room);
    turn_away(scopes, |scope| {
        scope.segment.is_none() && scope.model == model.name() && refused.contains(&scope.version)
    })
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

/// Turns away new segment values beyond the limit. Returns the predictions that are not counted in their segment.
fn admit_values(plan: &SegmentsPlan, model: &Model, scopes: &mut BTreeMap<Scope, Partial>) -> u64 {
    let mut new: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let of_model = scopes.keys().filter(|scope| scope.model == model.name());
    for segment in of_model.filter_map(|scope| scope.segment.as_ref()) {
        if !model.knows_segment(segment) {
            new.entry(&segment.key).or_default().push(&segment.value);
        }
    }
    let mut refused = BTreeSet::new();
    for (key, values) in new {
        let room = plan.values_max.saturating_sub(model.values_of(key));
        let segment = |value| Segment {
            key: key.to_owned(),
            value,
        };
        refused.extend(choose(values, room).1.into_iter().map(segment));
    }
    turn_away(scopes, |scope| {
        let segment = scope.segment.as_ref();
        scope.model == model.name() && segment.is_some_and(|segment| refused.contains(segment))
    })
}

/// Removes the scopes that are `refused`. Returns their predictions.
fn turn_away(scopes: &mut BTreeMap<Scope, Partial>, refused: impl Fn(&Scope) -> bool) -> u64 {
    let mut predictions = 0;
    scopes.retain(|scope, partial| {
        let stays = !refused(scope);
        predictions += if stays { 0 } else { partial.predictions };
        stays
    });
    predictions
}

/// Removes new features beyond the limit. Returns the number of removed sketches. A segment keeps the features of its whole,
/// because it has no others.
fn admit_features(
    bounds: &Bounds,
    models: &BTreeMap<String, Model>,
    scopes: &mut BTreeMap<Scope, Partial>,
) -> u64 {
    let mut refused: Vec<Subject> = Vec::new();
    let mut count = 0;
    for (scope, partial) in scopes.iter_mut() {
        if scope.segment.is_none() {
            let model = models.get(&scope.model);
            refused = model.map_or_else(Vec::new, |model| {
                refused_features(bounds, model, &scope.version, partial)
            });
            count += refused.len() as u64;
        }
        for subject in &refused {
            partial.subjects.remove(subject);
        }
    }
    count
}

fn refused_features(
    bounds: &Bounds,
    model: &Model,
    version: &str,
    partial: &Partial,
) -> Vec<Subject> {
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
        | Subject::Objective(_) => None,
    });
    let room = bounds
        .features_max
        .saturating_sub(model.feature_count(version));
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

//! Limits on names, applied when a pane closes: known names first, then by hash, never first come first served.
//!
//! So who is admitted depends on the panes alone, not on partitions, flushes or crashes.

use std::collections::BTreeMap;

use super::model::Model;
use crate::event::Scope;
use crate::pipeline::effect::Overflow;
use crate::pipeline::plan::Bounds;
use crate::sketch::{Partial, Subject, id_hash};
use crate::window::Boundary;

/// Takes out of a closing pane what is beyond the bounds, and makes room for what is new within them.
pub fn admit(
    bounds: &Bounds,
    models: &mut BTreeMap<String, Model>,
    scopes: &mut BTreeMap<Scope, Partial>,
    start: Boundary,
) -> Overflow {
    let mut overflow = Overflow::default();
    let mut turned_away = |scopes: &mut BTreeMap<Scope, Partial>, refused: Vec<Scope>| {
        for scope in refused {
            overflow.predictions += scopes
                .remove(&scope)
                .map_or(0, |partial| partial.predictions);
        }
    };
    let new_models: Vec<&str> = scopes
        .keys()
        .map(|s| s.model.as_str())
        .filter(|m| !models.contains_key(*m))
        .collect();
    let (admitted, _) = choose(new_models, bounds.models_max.saturating_sub(models.len()));
    for model in admitted {
        models.insert(model.clone(), Model::new(model, start));
    }
    let refused = scopes
        .keys()
        .filter(|scope| !models.contains_key(&scope.model))
        .cloned()
        .collect();
    turned_away(scopes, refused);
    for (name, model) in models.iter_mut() {
        let of_model = scopes.keys().filter(|scope| scope.model == *name);
        let new: Vec<&str> = of_model
            .map(|s| s.version.as_str())
            .filter(|v| !model.has_version(v))
            .collect();
        let room = bounds.versions_max.saturating_sub(model.version_count());
        let (_, refused) = choose(new, room);
        let scope = |version| Scope {
            model: name.clone(),
            version,
            segment: None,
        };
        turned_away(scopes, refused.into_iter().map(scope).collect());
    }
    for (scope, partial) in scopes.iter_mut() {
        if let Some(model) = models.get(&scope.model) {
            overflow.features += admit_features(bounds, model, &scope.version, partial);
        }
    }
    overflow
}

fn admit_features(bounds: &Bounds, model: &Model, version: &str, partial: &mut Partial) -> u64 {
    let name = |subject: &Subject| match subject {
        Subject::Feature(name) => Some(name.clone()),
        _ => None,
    };
    let known = model.feature_count(version);
    let new: Vec<String> = partial
        .subjects
        .keys()
        .filter(|s| !model.knows(version, s))
        .filter_map(name)
        .collect();
    let (_, refused) = choose(
        new.iter().map(String::as_str).collect(),
        bounds.features_max.saturating_sub(known),
    );
    let before = partial.subjects.len();
    for feature in refused {
        partial.subjects.remove(&Subject::Feature(feature));
    }
    (before - partial.subjects.len()) as u64
}

/// The `room` names with the smallest hashes, and the rest.
fn choose(mut names: Vec<&str>, room: usize) -> (Vec<String>, Vec<String>) {
    names.sort_unstable_by_key(|name| (id_hash(name), *name));
    names.dedup();
    let (admitted, refused) = names.split_at(room.min(names.len()));
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    (owned(admitted), owned(refused))
}

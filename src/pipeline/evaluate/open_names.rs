//! Which names an open minute keeps: all settled ones, and of the others those with the smallest hashes.
//!
//! **Why.** Admission by [`admission`](super::admission) happens when a minute is closed. Until then its names would
//! grow with the input: a segment key with a user's id has a new value in each prediction.
//!
//! **Rule.** A name is *settled* in a minute if it is known, and was first seen [`SETTLED_MINUTES`] before or earlier. A
//! minute keeps its settled names. Of the others it keeps the [`KEPT_PER_ADMITTED`] × limit names with the smallest
//! hashes, in each place where the limit holds: models of the partition, versions of a model, features of a version, and
//! values of a segment key in a version.
//!
//! **Why the result does not depend on order.** The rule is applied when the minute is closed, so it is a function of the
//! panes. It may be applied before at any time, because it never drops a name early that it keeps at the end. The
//! other names only become more, so a name that once was beyond the smallest stays beyond them. A name that is settled at
//! the end was settled before, provided that the minute was read less than [`SETTLED_MINUTES`] ahead of the clock. Pacing
//! keeps sources within two hours of each other. Only before the first minute of a deployment is closed may sources be
//! further apart.
//!
//! **Why twice the limit.** Admission takes at most the limit. A name that was admitted in the last hours is not settled
//! yet, so it competes with all names that came later. With twice the limit it stays in each minute that has less than
//! twice as many new names as the minute of its admission.
//!
//! **Rejected.** To keep each name that is known when a frame is read. How far reading is ahead of the clock differs from
//! run to run, and so would the results.

use std::collections::{BTreeMap, BTreeSet};

use super::left_out::{LeftOut, TurnedAway};
use super::model::Model;
use super::name_limits::NameLimits;
use crate::event::Scope;
use crate::sketch::{Partial, Subject, id_hash};
use crate::window::{Boundary, COARSE_MINUTES};

/// Event time after which a known name is settled: twice the lead that pacing allows, and the quarter of an hour to which
/// first occurrences are rounded.
pub const SETTLED_MINUTES: i64 = 240 + COARSE_MINUTES;
/// Names that an open minute keeps for each name that a limit admits.
pub const KEPT_PER_ADMITTED: usize = 2;

/// The names that one open minute keeps.
#[derive(Clone, Copy)]
pub struct OpenNames<'a> {
    limits: NameLimits,
    models: &'a BTreeMap<String, Model>,
    settled_before: Boundary,
}

/// The names among some scopes that a minute does not keep.
#[derive(Debug, Default)]
pub struct SurplusNames<'s> {
    models: BTreeSet<((), &'s str)>,
    versions: BTreeSet<(&'s str, &'s str)>,
    values: BTreeSet<((&'s str, &'s str, &'s str), &'s str)>,
}

impl<'a> OpenNames<'a> {
    /// The names of the minute that starts at `minute`, with what is known of `models` now.
    #[must_use]
    pub fn of(limits: NameLimits, models: &'a BTreeMap<String, Model>, minute: Boundary) -> Self {
        Self {
            limits,
            models,
            settled_before: minute.plus_minutes(-SETTLED_MINUTES),
        }
    }

    /// The names among `scopes` that are not kept.
    pub fn surplus<'s>(&self, scopes: impl Iterator<Item = &'s Scope> + Clone) -> SurplusNames<'s> {
        let models = scopes.clone().filter(|scope| !self.is_model_settled(scope));
        let versions = scopes
            .clone()
            .filter(|scope| !self.is_version_settled(scope));
        let values = scopes.filter(|scope| !self.is_segment_settled(scope));
        SurplusNames {
            models: beyond(models.map(|scope| ((), &*scope.model)), self.limits.models),
            versions: beyond(
                versions.map(|scope| (&*scope.model, &*scope.version)),
                self.limits.versions,
            ),
            values: beyond(values.filter_map(segment_parts), self.limits.values),
        }
    }

    /// Removes from an open minute the entries whose scope is not kept, and counts what they held.
    pub fn drop_surplus<K: Ord, V>(
        &self,
        entries: &mut BTreeMap<K, V>,
        scope_of: impl Fn(&K) -> &Scope,
        held_by: impl Fn(&V) -> u64,
        left_out: &mut LeftOut,
    ) {
        let surplus = self.surplus(entries.keys().map(&scope_of));
        if surplus.is_empty() {
            return;
        }
        let scopes = entries.keys().map(&scope_of);
        let fates: Vec<_> = scopes.map(|scope| surplus.turns_away(scope)).collect();
        let mut fates = fates.into_iter();
        entries.retain(|key, value| {
            let fate = fates.next().flatten();
            if let Some(why) = fate {
                left_out.count(why, scope_of(key), held_by(value));
            }
            fate.is_none()
        });
    }

    /// The features in `whole`, the pane of a version as a whole, that are not kept.
    #[must_use]
    pub fn surplus_features(&self, scope: &Scope, whole: &Partial) -> Vec<Subject> {
        let limit = self.limits.features;
        if whole.subjects.len() <= KEPT_PER_ADMITTED * limit {
            return Vec::new();
        }
        let model = self.models.get(&scope.model);
        let is_settled = |subject: &Subject| {
            let seen = model.and_then(|model| model.feature_since(&scope.version, subject));
            self.is_early(seen)
        };
        let names = whole.subjects.keys().filter_map(|subject| match subject {
            Subject::Feature(name) if !is_settled(subject) => Some(((), name.as_str())),
            _ => None,
        });
        let surplus = beyond(names, limit).into_iter();
        surplus
            .map(|(_, name)| Subject::Feature(name.to_owned()))
            .collect()
    }

    fn is_model_settled(&self, scope: &Scope) -> bool {
        let model = self.models.get(&scope.model);
        self.is_early(model.map(Model::since))
    }

    fn is_version_settled(&self, scope: &Scope) -> bool {
        let model = self.models.get(&scope.model);
        self.is_early(model.and_then(|model| model.version_since(&scope.version)))
    }

    fn is_segment_settled(&self, scope: &Scope) -> bool {
        let model = self.models.get(&scope.model);
        let segment = scope.segment.as_ref();
        let known = model.zip(segment);
        self.is_early(known.and_then(|(model, segment)| model.segment_since(segment)))
    }

    fn is_early(&self, first_seen: Option<Boundary>) -> bool {
        first_seen.is_some_and(|first| first <= self.settled_before)
    }
}

impl SurplusNames<'_> {
    /// True if everything is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models.is_empty() && self.versions.is_empty() && self.values.is_empty()
    }

    /// Why `scope` is not kept; `None` if it is.
    #[must_use]
    pub fn turns_away(&self, scope: &Scope) -> Option<TurnedAway> {
        let (model, version) = (scope.model.as_str(), scope.version.as_str());
        if self.models.contains(&((), model)) {
            return Some(TurnedAway::Model);
        }
        if self.versions.contains(&(model, version)) {
            return Some(TurnedAway::Version);
        }
        let parts = segment_parts(scope)?;
        self.values.contains(&parts).then_some(TurnedAway::Segment)
    }
}

/// Model, version and key of a segment, and its value; `None` for a whole.
fn segment_parts(scope: &Scope) -> Option<((&str, &str, &str), &str)> {
    let segment = scope.segment.as_ref()?;
    let place = (&*scope.model, &*scope.version, &*segment.key);
    Some((place, &segment.value))
}

/// The names of each place beyond those that are kept: the ones with the largest hashes.
fn beyond<'s, P: Ord + Copy>(
    names: impl Iterator<Item = (P, &'s str)>,
    limit: usize,
) -> BTreeSet<(P, &'s str)> {
    let mut places: BTreeMap<P, BTreeSet<&'s str>> = BTreeMap::new();
    for (place, name) in names {
        places.entry(place).or_default().insert(name);
    }
    let room = limit.saturating_mul(KEPT_PER_ADMITTED);
    let mut surplus = BTreeSet::new();
    for (place, names) in places {
        if names.len() <= room {
            continue;
        }
        let mut ranked: Vec<(u64, &str)> =
            names.iter().map(|name| (id_hash(name), *name)).collect();
        ranked.sort_unstable();
        surplus.extend(ranked.into_iter().skip(room).map(|(_, name)| (place, name)));
    }
    surplus
}

//! Decides which subjects of a model open no alerts: those that only grow, and those that `detect.exclude` names.
//!
//! They are counted, judged and reported like all others, and what is ordinary is learned of them. So a subject that is no
//! longer excluded, or no longer grows, is judged by what was learned. Only their findings do not reach the alerts, and they
//! take no part of the false-alarm budget.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::model::Model;
use super::publish;
use super::step::StepContext;
use super::unpaged_subjects::UnpagedSubjects;
use crate::alert::Cause;
use crate::detect::{FeatureGrowth, Quartiles, SubjectPattern};
use crate::pipeline::plan::Plan;
use crate::pipeline::unpaged::Unpaged;
use crate::sketch::{Monoid, Numbers, Subject, ValueSketch};
use crate::window::{Boundary, COARSE_MINUTES, Tier};

/// The subjects of `model` that open no alerts, by what is known of it.
pub fn subjects(model: &Model, plan: &Plan) -> UnpagedSubjects {
    let growing = model.knowledge.growth.iter();
    let growing = growing.filter(|(subject, growth)| {
        growth.is_certain() && grew_in_reference(model, subject, **growth)
    });
    let mut by_subject: BTreeMap<Subject, Unpaged> = growing
        .map(|(subject, _)| (subject.clone(), Unpaged::Growing))
        .collect();
    let (excluded, idle) = excluded(model, &plan.detect.exclude);
    let excluded = excluded.into_iter();
    by_subject.extend(excluded.map(|subject| (subject.clone(), Unpaged::Excluded)));
    let idle_patterns = model.reference.as_ref().map(|_| idle);
    UnpagedSubjects::new(by_subject, idle_patterns)
}

/// True if the feature grew while its reference was learned. What was still and then grows for ever may be a feed that froze: it
/// stays a matter of alerts.
fn grew_in_reference(model: &Model, subject: &Subject, growth: FeatureGrowth) -> bool {
    let reference = model.reference.as_ref();
    let learned = reference.and_then(|reference| reference.subjects.get(subject));
    learned.is_none_or(|learned| growth.since() < learned.span.end)
}

/// The learned subjects that `patterns` name, and the patterns that name none.
fn excluded<'a>(
    model: &'a Model,
    patterns: &[SubjectPattern],
) -> (BTreeSet<&'a Subject>, BTreeSet<String>) {
    let (mut excluded, mut idle) = (BTreeSet::new(), BTreeSet::new());
    if patterns.is_empty() {
        return (excluded, idle);
    }
    let segments = model.segment_references.values();
    let references = model.reference.iter().chain(segments);
    // Segments have the subjects of their model. Each is compared once.
    let learned: BTreeSet<&Subject> = references.flat_map(|own| own.subjects.keys()).collect();
    for pattern in patterns {
        let named = learned.iter().filter(|subject| pattern.matches(subject));
        let named: Vec<&Subject> = named.copied().collect();
        if named.is_empty() {
            idle.insert(pattern.text().to_owned());
        }
        excluded.extend(named);
    }
    (excluded, idle)
}

/// Notes how features grow, decides anew at the end of each quarter of an hour, and ends the causes of what opens no alerts.
pub fn decide(model: &mut Model, step: &mut StepContext<'_>) {
    if !step.at.on_grid(COARSE_MINUTES) {
        return;
    }
    model.changed |= note_growth(model, step.at, step.plan);
    model.unpaged = subjects(model, step.plan);
    for why in Unpaged::ALL {
        let of_reason = model.unpaged.iter().filter(|(_, own)| *own == why);
        let subjects: BTreeSet<Subject> = of_reason.map(|(subject, _)| subject.clone()).collect();
        if !(subjects.is_empty() || model.knowledge.episodes.is_empty()) {
            let concerns = |cause: &Cause| {
                let subject = cause.subject.as_ref();
                subject.is_some_and(|own| subjects.contains(own)) && why.silences(&cause.detector)
            };
            let at = step.at;
            publish::end_alerts(model, step, |episodes, context| {
                episodes.drop_causes((at, &concerns), &why.to_string(), context)
            });
        }
    }
}

/// Observes the last quarter of an hour of each feature. Returns true if anything changed.
fn note_growth(model: &mut Model, at: Boundary, plan: &Plan) -> bool {
    let start = at.plus_minutes(-COARSE_MINUTES);
    let observed = quartiles(model, start);
    let knowledge = &mut model.knowledge;
    let mut changed = false;
    for (subject, quartiles) in observed {
        changed |= match knowledge.growth.entry(subject) {
            Entry::Vacant(place) => {
                place.insert(FeatureGrowth::begin(start, quartiles));
                true
            }
            Entry::Occupied(mut known) => {
                let minutes = plan.learning.provisional_minutes;
                known.get_mut().observe(start, quartiles, minutes)
            }
        };
    }
    let versions = &knowledge.versions;
    let is_known = |subject: &Subject| versions.values().any(|own| own.contains_key(subject));
    let before = knowledge.growth.len();
    knowledge.growth.retain(|subject, _| is_known(subject));
    changed || knowledge.growth.len() < before
}

/// Quartiles of the features that are mostly numbers, of all versions together. Only features: what grows in the answers and
/// what they cost is a fault.
fn quartiles(model: &Model, start: Boundary) -> BTreeMap<Subject, Quartiles> {
    let panes = model.rings_of(None);
    let panes = panes.filter_map(|(_, ring)| ring.pane(Tier::Quarter, start));
    let mut merged: BTreeMap<&Subject, Cow<'_, Numbers>> = BTreeMap::new();
    for (subject, sketch) in panes.flat_map(|pane| &pane.subjects) {
        if !(matches!(subject, Subject::Feature(_)) && is_mostly_numbers(sketch)) {
            continue;
        }
        match merged.entry(subject) {
            Entry::Vacant(place) => {
                place.insert(Cow::Borrowed(&sketch.numbers));
            }
            Entry::Occupied(mut sum) => sum.get_mut().to_mut().merge(&sketch.numbers),
        }
    }
    let merged = merged.into_iter();
    let quartiles = merged.filter_map(|(subject, numbers)| {
        let own = Quartiles::of(&numbers, subject.scale())?;
        Some((subject.clone(), own))
    });
    quartiles.collect()
}

fn is_mostly_numbers(sketch: &ValueSketch) -> bool {
    let types = sketch.types;
    2 * types.number > types.present() - types.null
}

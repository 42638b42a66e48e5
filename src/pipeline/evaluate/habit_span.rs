//! How long windows teach what is ordinary, and which subjects are in trouble meanwhile.

use std::collections::BTreeSet;

use super::knowledge::Comeback;
use super::model::Model;
use crate::detect::{Baseline, ReferenceKind};
use crate::event::Segment;
use crate::pipeline::plan::Plan;
use crate::sketch::Subject;
use crate::window::{Boundary, DAY_MINUTES, WindowSpec};

/// True if windows still teach what is ordinary against a kind of reference. Of references that an order brought back, what was
/// left of the time is left, and a reference that moves is counted anew first.
pub fn is_learning(
    model: &Model,
    segment: Option<&Segment>,
    (kind, at): (ReferenceKind, Boundary),
    plan: &Plan,
) -> bool {
    let Some(reference) = model.reference_of(segment) else {
        return false;
    };
    let (comeback, learned) = (model.knowledge.comeback, reference.span.end);
    let leads = if kind.moves() {
        1 + i64::from(comeback.is_some_and(|own| learned < own.at))
    } else {
        0
    };
    let minutes = plan.learning.variability_minutes + leads * plan.reference.lead_minutes();
    Comeback::minutes_in_force(comeback, learned, at) <= minutes
}

/// Subjects in trouble, of a segment or of its whole, that are compared with a reference that moves: it must not hold their
/// trouble. A segment is often too small to find what its whole finds.
pub fn troubled(model: &Model, segment: Option<&Segment>, plan: &Plan) -> BTreeSet<Subject> {
    let episodes = &model.knowledge.episodes;
    let baselines = model.baselines_of(segment);
    let Some(baselines) = baselines.filter(|_| !episodes.is_empty()) else {
        return BTreeSet::new();
    };
    let mut troubled = episodes.troubled(segment);
    troubled.extend(episodes.troubled(None));
    let moves = |(subject, own): &(Subject, Baseline)| {
        let moves = plan.reference.moves(own.rhythm) && troubled.contains(subject);
        moves.then(|| subject.clone())
    };
    baselines.iter().filter_map(moves).collect()
}

/// Start of the oldest pane that a reference may hold.
pub fn oldest_compared(at: Boundary, plan: &Plan) -> Boundary {
    let reach = |spec: &WindowSpec| {
        let minutes = spec.length.minutes();
        minutes + plan.reference.reach_minutes(minutes)
    };
    let longest = plan.windows.iter().map(reach).max().unwrap_or(0);
    at.plus_minutes(-longest - DAY_MINUTES)
}

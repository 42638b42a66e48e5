//! Aging: panes become longer ones, and old panes are dropped.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::model::Model;
use super::step::StepContext;
use crate::detect::ReferenceKind;
use crate::event::Segment;
use crate::pipeline::plan::{LearningPlan, Plan};
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::reference::Reference;
use crate::sketch::Monoid;
use crate::window::{
    Boundary, COARSE_MINUTES, PaneRing, Retention, Span, Tier, WindowLength, WindowSpec,
};

/// Ages the panes and the tallies of every slice.
///
/// # Errors
/// If an entry does not serialise.
pub fn age(model: &mut Model, step: &mut StepContext<'_>) -> Result<(), StageError> {
    if !step.at.on_grid(COARSE_MINUTES) {
        return Ok(());
    }
    age_panes(model, step)?;
    age_tallies(model, step)
}

fn age_panes(model: &mut Model, step: &mut StepContext<'_>) -> Result<(), StageError> {
    let segments = model.rings.keys().map(|slice| slice.segment.clone());
    let kept_of: BTreeMap<Option<Segment>, Retention> = segments
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|segment| {
            let kept = pane_retention(step.plan, needs(model, segment.as_ref()));
            (segment, kept)
        })
        .collect();
    let mut rings = std::mem::take(&mut model.rings);
    for (slice, ring) in &mut rings {
        let kept = kept_of.get(&slice.segment).copied().unwrap_or_default();
        let scope = slice.of(model.name());
        let key = |tier, start| Some(StateKey::Pane(scope.clone(), tier, start));
        age_ring(ring, kept, key, step)?;
    }
    rings.retain(|_, ring| !ring.is_empty());
    model.rings = rings;
    Ok(())
}

/// Tallies of a minute are not persisted: a restart counts the panes of these minutes again.
fn age_tallies(model: &mut Model, step: &mut StepContext<'_>) -> Result<(), StageError> {
    let kept = tally_retention(step.plan);
    let mut rings = std::mem::take(&mut model.tallies);
    for (slice, ring) in &mut rings {
        let scope = slice.of(model.name());
        let key = |tier, start| {
            let is_persisted = tier != Tier::Minute;
            is_persisted.then(|| StateKey::Tally(scope.clone(), tier, start))
        };
        age_ring(ring, kept, key, step)?;
    }
    rings.retain(|_, ring| !ring.is_empty());
    model.tallies = rings;
    Ok(())
}

/// Ages one ring, and writes and removes the entries of its panes. `key` gives the key of a pane that is persisted.
fn age_ring<M: Monoid + Serialize>(
    ring: &mut PaneRing<M>,
    kept: Retention,
    key: impl Fn(Tier, Boundary) -> Option<StateKey>,
    step: &mut StepContext<'_>,
) -> Result<(), StageError> {
    let aged = ring.age(step.at, kept);
    let dropped = aged.dropped.into_iter();
    for key in dropped.filter_map(|(tier, start)| key(tier, start)) {
        step.outbox.remove(&key)?;
    }
    for (tier, start) in aged.made {
        if let Some((key, pane)) = key(tier, start).zip(ring.pane(tier, start)) {
            step.outbox.put(&key, pane)?;
        }
    }
    Ok(())
}

/// What learning still needs of the panes of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// The first stage: quarters of an hour.
    Quarters,
    /// The second stage: whole days, in panes of six hours.
    Days,
    /// Nothing.
    Nothing,
}

fn needs(model: &Model, segment: Option<&Segment>) -> Needs {
    match model.reference_of(segment) {
        None => Needs::Quarters,
        Some(reference) if waits(model, segment, reference) => Needs::Quarters,
        Some(reference) if reference.is_provisional() => Needs::Days,
        Some(_) => Needs::Nothing,
    }
}

/// True if a subject that the reference lacks has come.
fn waits(model: &Model, segment: Option<&Segment>, reference: &Reference) -> bool {
    let late = model.late_subjects(reference);
    late.into_iter().any(|(subject, first)| {
        let since = Span {
            start: first,
            end: model.last_seen().plus_minutes(COARSE_MINUTES),
        };
        model.first_pane_of(segment, &subject, since).is_some()
    })
}

/// Minutes for which a model that has learned keeps panes from which a reference can be learned anew: an order reaches back no
/// further. Tallies of longer windows are counts by the groups of a reference, and teach no other.
#[must_use]
pub fn learnable_minutes(plan: &Plan) -> i64 {
    pane_retention(plan, Needs::Nothing).quarter
}

/// Panes of a minute for the longest window that moves by minutes, of a quarter of an hour for the longest window that is
/// reported, and what learning needs. Longer windows consist of tallies.
fn pane_retention(plan: &Plan, needs: Needs) -> Retention {
    let tallies = tally_retention(plan);
    let reported = plan.longest_reported().map_or(0, WindowLength::minutes);
    let windows = Retention {
        minute: tallies.minute,
        quarter: tallies.quarter.max(reported + COARSE_MINUTES),
        ..Retention::default()
    };
    let longest = i64::from(LearningPlan::SPAN_MINUTES_MAX);
    let days = Retention {
        six_hours: longest + Tier::SixHours.minutes(),
        ..windows
    };
    match needs {
        Needs::Nothing => windows,
        Needs::Days => days,
        Needs::Quarters => Retention {
            quarter: windows.quarter.max(longest + COARSE_MINUTES),
            ..days
        },
    }
}

/// Panes of each length as far back as the longest window that does not move by whole panes of the next length, and as far as
/// the reference of a window reaches: that of a season by hours, a trailing one by panes of six hours.
fn tally_retention(plan: &Plan) -> Retention {
    let longest = |moves: &dyn Fn(&WindowSpec) -> bool| {
        let windows = plan.windows.iter().filter(|window| moves(window));
        windows
            .map(|window| window.length.minutes())
            .max()
            .unwrap_or(0)
    };
    let moves_by = |window: &WindowSpec, minutes: i64| window.step_minutes % minutes == 0;
    let [quarter, hour, six_hours] = [
        COARSE_MINUTES,
        Tier::Hour.minutes(),
        Tier::SixHours.minutes(),
    ];
    let windows = Retention {
        minute: longest(&|window| !moves_by(window, quarter)).max(quarter) + quarter,
        quarter: longest(&|window| !moves_by(window, hour)).max(hour) + hour,
        hour: longest(&|window| !moves_by(window, six_hours)).max(six_hours) + six_hours,
        six_hours: longest(&|_| true) + six_hours,
    };
    Retention {
        hour: windows
            .hour
            .max(reach(plan, ReferenceKind::Seasonal) + hour),
        six_hours: windows
            .six_hours
            .max(reach(plan, ReferenceKind::Trailing) + 2 * six_hours),
        ..windows
    }
}

/// Minutes from the end of a window to the start of its reference of this kind, at most.
fn reach(plan: &Plan, kind: ReferenceKind) -> i64 {
    let lengths = plan.windows.iter().map(|window| window.length.minutes());
    let compared = lengths.filter(|minutes| plan.reference.kind(*minutes) == kind);
    let reach = compared.map(|minutes| minutes + plan.reference.reach_minutes(minutes));
    reach.max().unwrap_or(0)
}

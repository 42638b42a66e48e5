//! Aging: panes become longer ones, and old panes are dropped.

use super::model::Model;
use super::step::StepContext;
use crate::event::Segment;
use crate::pipeline::plan::{LearningPlan, Plan};
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::window::{COARSE_MINUTES, Retention, Tier, WindowSpec};

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
    let mut rings = std::mem::take(&mut model.rings);
    for (slice, ring) in &mut rings {
        let kept = pane_retention(step.plan, needs(model, slice.segment.as_ref()));
        let scope = slice.of(model.name());
        let aged = ring.age(step.at, kept);
        for (tier, start) in aged.dropped {
            step.outbox
                .remove(&StateKey::Pane(scope.clone(), tier, start))?;
        }
        for (tier, start) in aged.made {
            if let Some(pane) = ring.pane(tier, start) {
                let key = StateKey::Pane(scope.clone(), tier, start);
                step.outbox.put(&key, pane)?;
            }
        }
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
        let aged = ring.age(step.at, kept);
        let persisted = aged.dropped.into_iter();
        for (tier, start) in persisted.filter(|(tier, _)| *tier != Tier::Minute) {
            step.outbox
                .remove(&StateKey::Tally(scope.clone(), tier, start))?;
        }
        for (tier, start) in aged.made {
            if let Some(pane) = ring.pane(tier, start) {
                let key = StateKey::Tally(scope.clone(), tier, start);
                step.outbox.put(&key, pane)?;
            }
        }
    }
    rings.retain(|_, ring| !ring.is_empty());
    model.tallies = rings;
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
        Some(reference) if !model.late_subjects(reference).is_empty() => Needs::Quarters,
        Some(reference) if reference.is_provisional() => Needs::Days,
        Some(_) => Needs::Nothing,
    }
}

/// Panes of a minute for the longest window that moves by minutes, of a quarter of an hour for the longest window that moves
/// by them, and what learning needs. Longer windows consist of tallies.
fn pane_retention(plan: &Plan, needs: Needs) -> Retention {
    let tallies = tally_retention(plan);
    let windows = Retention {
        minute: tallies.minute,
        quarter: tallies.quarter,
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

/// Panes of each length as far back as the longest window that moves by less than the next length needs them.
fn tally_retention(plan: &Plan) -> Retention {
    let longest = |moves: &dyn Fn(&WindowSpec) -> bool| {
        let windows = plan.windows.iter().filter(|window| moves(window));
        windows
            .map(|window| window.length.minutes())
            .max()
            .unwrap_or(0)
    };
    let [minute, quarter, hour, six_hours] = [
        Tier::Minute.minutes(),
        COARSE_MINUTES,
        Tier::Hour.minutes(),
        Tier::SixHours.minutes(),
    ];
    Retention {
        minute: longest(&|window| window.step_minutes < quarter).max(quarter) + quarter,
        quarter: longest(&|window| window.step_minutes < hour).max(hour) + hour,
        hour: longest(&|window| window.step_minutes < six_hours).max(six_hours) + six_hours,
        six_hours: longest(&|window| window.step_minutes >= minute) + six_hours,
    }
}

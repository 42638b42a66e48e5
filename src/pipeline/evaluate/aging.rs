//! Aging: fine panes become coarse ones, and old panes are dropped.

use super::model::Model;
use super::step::StepContext;
use crate::pipeline::plan::{LearningPlan, Plan};
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::window::{COARSE_MINUTES, Retention};

/// Ages the panes of every slice.
///
/// # Errors
/// If an entry does not serialise.
pub fn age(model: &mut Model, step: &mut StepContext<'_>) -> Result<(), StageError> {
    let (learning, learned) = (retention(step.plan, true), retention(step.plan, false));
    let mut rings = std::mem::take(&mut model.rings);
    for (slice, ring) in &mut rings {
        let has_learned = model.reference_of(slice.segment.as_ref()).is_some();
        let kept = if has_learned { learned } else { learning };
        let scope = slice.of(model.name());
        let aged = ring.age(step.at, kept);
        for start in aged.fine_dropped {
            step.outbox.remove(&StateKey::Fine(scope.clone(), start))?;
        }
        for start in aged.coarse_dropped {
            step.outbox
                .remove(&StateKey::Coarse(scope.clone(), start))?;
        }
        if let Some((start, pane)) = aged
            .made
            .and_then(|start| Some((start, ring.coarse(start)?)))
        {
            step.outbox.put(&StateKey::Coarse(scope, start), pane)?;
        }
    }
    rings.retain(|_, ring| !ring.is_empty());
    model.rings = rings;
    Ok(())
}

/// Fine panes for the longest window that moves by minutes, coarse ones for the longest window and for learning.
fn retention(plan: &Plan, is_learning: bool) -> Retention {
    let by_minutes = plan
        .windows
        .iter()
        .filter(|window| window.step_minutes < COARSE_MINUTES);
    let fine = by_minutes.map(|window| window.length.minutes()).max();
    let fine = fine.unwrap_or(0);
    let coarse = plan.longest_window_minutes();
    let learning = if is_learning {
        i64::from(LearningPlan::SPAN_MINUTES_MAX)
    } else {
        0
    };
    Retention {
        fine_minutes: fine.max(COARSE_MINUTES) + COARSE_MINUTES,
        coarse_minutes: coarse.max(learning) + COARSE_MINUTES,
    }
}

//! Pending quality: partials from the join, merged into open minutes and closed in order by the join's clock.
//!
//! The join's clock stands still while labels are late or their topic is unavailable. Drift must not wait for it. So
//! quality has boundaries of its own. Each is closed only after the predictions of that boundary were judged.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::Scope;
use crate::pipeline::frame::QualityPartial;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::sketch::{Monoid, Quality};
use crate::window::Boundary;

/// A scope, and the quarter of an hour of its predictions.
pub type QualityOwner = (Scope, Boundary);

/// Open minutes of quality.
#[derive(Default)]
pub struct PendingQuality {
    open: BTreeMap<Boundary, BTreeMap<QualityOwner, Quality>>,
    /// The latest boundary that was closed.
    closed: Option<Boundary>,
    /// The latest boundary that was closed at the last checkpoint.
    checkpoint_closed: Option<Boundary>,
    checkpointed: BTreeSet<(Boundary, QualityOwner)>,
}

impl PendingQuality {
    /// Pending quality as of the last checkpoint. The minutes closed since then are closed again, without reports, once
    /// the frames are read again.
    #[must_use]
    pub fn restored(
        open: Vec<(Boundary, QualityOwner, Quality)>,
        checkpoint_closed: Option<Boundary>,
    ) -> Self {
        let mut pending = Self {
            closed: checkpoint_closed,
            checkpoint_closed,
            ..Self::default()
        };
        for (minute, whose, quality) in open {
            pending.checkpointed.insert((minute, whose.clone()));
            pending
                .open
                .entry(minute)
                .or_default()
                .insert(whose, quality);
        }
        pending
    }

    /// The latest boundary that was closed.
    #[must_use]
    pub fn closed(&self) -> Option<Boundary> {
        self.closed
    }

    /// The latest boundary that was closed at the last checkpoint.
    #[must_use]
    pub fn checkpoint_closed(&self) -> Option<Boundary> {
        self.checkpoint_closed
    }

    /// True if a minute was closed since the last checkpoint.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.closed != self.checkpoint_closed
    }

    /// Merges a partial. Returns false if its minute is already closed, which the frame chain and the clock of the join
    /// prevent.
    #[must_use]
    pub fn merge(&mut self, partial: QualityPartial) -> bool {
        if self.closed.is_some_and(|closed| partial.known < closed) {
            return false;
        }
        let minute = self.open.entry(partial.known).or_default();
        let whose = (partial.scope, partial.predicted);
        minute.entry(whose).or_default().merge(&partial.quality);
        true
    }

    /// The next boundary to close, at most `clock` of the join and at most the boundary up to which predictions are `judged`.
    #[must_use]
    pub fn next(&self, clock: Option<Boundary>, judged: Option<Boundary>) -> Option<Boundary> {
        let target = clock?.min(judged?);
        let first_open = self
            .open
            .first_key_value()
            .map(|(minute, _)| minute.plus_minutes(1));
        let next = self
            .closed
            .map(|closed| closed.plus_minutes(1))
            .or(first_open)?;
        (next <= target).then_some(next)
    }

    /// Closes the minute that ends at `boundary` and returns its quality. Its entries in the state stay until the next
    /// checkpoint, because a restart before that needs them.
    pub fn close(&mut self, boundary: Boundary) -> BTreeMap<QualityOwner, Quality> {
        self.closed = Some(boundary);
        let minute = boundary.plus_minutes(-1);
        self.open.remove(&minute).unwrap_or_default()
    }

    /// Writes the open minutes, and removes those that were closed since the last checkpoint.
    ///
    /// # Errors
    /// If an entry does not serialise.
    pub fn checkpoint(&mut self, outbox: &mut Outbox) -> Result<(), StageError> {
        let closed = |minute: &Boundary| !self.open.contains_key(minute);
        for (minute, whose) in self
            .checkpointed
            .iter()
            .filter(|(minute, _)| closed(minute))
        {
            outbox.remove(&key(*minute, whose))?;
        }
        self.checkpointed
            .retain(|(minute, _)| self.open.contains_key(minute));
        for (minute, scopes) in &self.open {
            for (whose, quality) in scopes {
                outbox.put(&key(*minute, whose), quality)?;
                self.checkpointed.insert((*minute, whose.clone()));
            }
        }
        self.checkpoint_closed = self.closed;
        Ok(())
    }
}

fn key(minute: Boundary, (scope, predicted): &QualityOwner) -> StateKey {
    StateKey::OpenQuality(minute, scope.clone(), *predicted)
}

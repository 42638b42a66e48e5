//! What became known of predictions, on its way from frames to the models: open minutes, closed in order by a clock of their own.
//!
//! The clock of the join stands still while labels are late or their topic is away; drift must not wait for it. So quality is
//! judged apart, boundary by boundary, each only after the predictions of that boundary were judged.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::Scope;
use crate::pipeline::frame::QualityPartial;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::state::StateKey;
use crate::pipeline::stop::Stop;
use crate::sketch::{Monoid, Quality};
use crate::window::Boundary;

/// Whose predictions of which quarter of an hour.
pub type QualityOwner = (Scope, Boundary);

/// Open minutes of what became known.
#[derive(Default)]
pub struct PendingQuality {
    open: BTreeMap<Boundary, BTreeMap<QualityOwner, Quality>>,
    /// The last boundary that was closed.
    closed: Option<Boundary>,
    /// The same at the last checkpoint.
    checkpoint_closed: Option<Boundary>,
    checkpointed: BTreeSet<(Boundary, QualityOwner)>,
}

impl PendingQuality {
    /// As the last checkpoint left it; what was closed since is closed again, silently, once the frames were read.
    #[must_use]
    pub fn restored(
        open: Vec<(Boundary, QualityOwner, Quality)>,
        checkpoint_closed: Option<Boundary>,
    ) -> Self {
        let mut known = Self {
            closed: checkpoint_closed,
            checkpoint_closed,
            ..Self::default()
        };
        for (minute, whose, quality) in open {
            known.checkpointed.insert((minute, whose.clone()));
            known.open.entry(minute).or_default().insert(whose, quality);
        }
        known
    }

    /// The last boundary that was closed.
    #[must_use]
    pub fn closed(&self) -> Option<Boundary> {
        self.closed
    }

    /// The last boundary that was closed at the last checkpoint.
    #[must_use]
    pub fn checkpoint_closed(&self) -> Option<Boundary> {
        self.checkpoint_closed
    }

    /// Whether a minute was closed since the last checkpoint.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.closed != self.checkpoint_closed
    }

    /// Takes a partial; answers whether it came in time. The chain and the clock of the join see to it that each does.
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

    /// The next boundary to close, as far as the clock of the join and the judging of predictions have come.
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

    /// Closes the minute that ends at `boundary` and hands out what became known in it. What a checkpoint wrote of it stays
    /// written until the next one: until then a restart must find it.
    pub fn close(&mut self, boundary: Boundary) -> BTreeMap<QualityOwner, Quality> {
        self.closed = Some(boundary);
        let minute = boundary.plus_minutes(-1);
        self.open.remove(&minute).unwrap_or_default()
    }

    /// Writes the open minutes down, and forgets those that were closed since the last time.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn checkpoint(&mut self, outbox: &mut Outbox) -> Result<(), Stop> {
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
        for (minute, known) in &self.open {
            for (whose, quality) in known {
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

//! Pending quality: partials from the join, merged into open minutes and closed in order by the join's clock.
//!
//! The join's clock stands still while labels are late or their topic is unavailable. Drift must not wait for it. So
//! quality has boundaries of its own. Each is closed only after the predictions of that boundary were judged.

use std::collections::{BTreeMap, BTreeSet};

use super::drop_threshold::DropThreshold;
use super::left_out::LeftOut;
use super::model::Model;
use super::name_limits::NameLimits;
use super::open_names::OpenNames;
use crate::event::Scope;
use crate::pipeline::frame::QualityPartial;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::sketch::{Monoid, Quality};
use crate::window::Boundary;

/// Entries of a task below which no name is dropped early: some 15 MB with few classes.
const ENTRIES_FREE: usize = 16_384;

/// A scope, and the quarter of an hour of its predictions.
pub type QualityOwner = (Scope, Boundary);

/// Quality that became known in one minute.
#[derive(Debug, Default)]
pub struct PendingMinute {
    /// Quality by scope and quarter of an hour of the predictions.
    pub owners: BTreeMap<QualityOwner, Quality>,
    /// What limits turned away so far.
    pub left_out: LeftOut,
}

/// Open minutes of quality.
#[derive(Debug)]
pub struct PendingQuality {
    open: BTreeMap<Boundary, PendingMinute>,
    /// Number of entries in `open`.
    entries: usize,
    /// When names beyond the limits are dropped.
    drops: DropThreshold,
    /// The latest boundary that was closed.
    closed: Option<Boundary>,
    /// The latest boundary that was closed at the last checkpoint.
    checkpoint_closed: Option<Boundary>,
    checkpointed: BTreeSet<(Boundary, QualityOwner)>,
    /// Minutes whose `left_out` the last checkpoint has written.
    left_out_checkpointed: BTreeSet<Boundary>,
}

impl Default for PendingQuality {
    fn default() -> Self {
        Self {
            open: BTreeMap::new(),
            entries: 0,
            drops: DropThreshold::new(ENTRIES_FREE),
            closed: None,
            checkpoint_closed: None,
            checkpointed: BTreeSet::new(),
            left_out_checkpointed: BTreeSet::new(),
        }
    }
}

impl PendingQuality {
    /// Puts back an entry of the last checkpoint.
    pub fn restore(&mut self, minute: Boundary, whose: QualityOwner, quality: Quality) {
        self.checkpointed.insert((minute, whose.clone()));
        let open = self.open.entry(minute).or_default();
        open.owners.insert(whose, quality);
        self.entries += 1;
    }

    /// Puts back from the last checkpoint what limits had turned away from a minute.
    pub fn restore_left_out(&mut self, minute: Boundary, left_out: LeftOut) {
        self.left_out_checkpointed.insert(minute);
        self.open.entry(minute).or_default().left_out = left_out;
    }

    /// Continues from the last checkpoint, at which `closed` was the latest boundary. The minutes closed since then are
    /// closed again, without reports, once the frames are read again.
    pub fn continue_from(&mut self, closed: Option<Boundary>) {
        self.closed = closed;
        self.checkpoint_closed = closed;
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
        match minute.owners.get_mut(&whose) {
            Some(own) => own.merge(&partial.quality),
            None => {
                minute.owners.insert(whose, partial.quality);
                self.entries += 1;
            }
        }
        true
    }

    /// Drops names beyond the limits if there are many entries. [`OpenNames`] says which, and why this changes no result.
    pub fn keep_within(&mut self, limits: NameLimits, models: &BTreeMap<String, Model>) {
        if !self.drops.is_reached(self.entries) {
            return;
        }
        for (minute, open) in &mut self.open {
            open.drop_surplus(OpenNames::of(limits, models, *minute));
        }
        self.entries = self.open.values().map(|open| open.owners.len()).sum();
        self.drops.dropped_to(self.entries);
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

    /// Closes the minute that ends at `boundary` and returns its quality, without names beyond the limits. Its entries in
    /// the state stay until the next checkpoint, because a restart before that needs them.
    pub fn close(
        &mut self,
        boundary: Boundary,
        limits: NameLimits,
        models: &BTreeMap<String, Model>,
    ) -> PendingMinute {
        self.closed = Some(boundary);
        let start = boundary.plus_minutes(-1);
        let mut minute = self.open.remove(&start).unwrap_or_default();
        self.entries = self.entries.saturating_sub(minute.owners.len());
        self.drops.shrank_to(self.entries);
        minute.drop_surplus(OpenNames::of(limits, models, start));
        minute
    }

    /// Writes the open minutes, and removes what was closed or dropped since the last checkpoint.
    ///
    /// # Errors
    /// If an entry does not serialise.
    pub fn checkpoint(&mut self, outbox: &mut Outbox) -> Result<(), StageError> {
        for (minute, whose) in std::mem::take(&mut self.checkpointed) {
            let open = self.open.get(&minute);
            if open.is_none_or(|open| !open.owners.contains_key(&whose)) {
                outbox.remove(&key(minute, &whose))?;
            }
        }
        for minute in std::mem::take(&mut self.left_out_checkpointed) {
            if !self.open.contains_key(&minute) {
                outbox.remove(&StateKey::OpenQualityLeftOut(minute))?;
            }
        }
        for (minute, open) in &self.open {
            for (whose, quality) in &open.owners {
                outbox.put(&key(*minute, whose), quality)?;
                self.checkpointed.insert((*minute, whose.clone()));
            }
            if !open.left_out.is_empty() {
                let key = StateKey::OpenQualityLeftOut(*minute);
                outbox.put(&key, &open.left_out)?;
                self.left_out_checkpointed.insert(*minute);
            }
        }
        self.checkpoint_closed = self.closed;
        Ok(())
    }
}

impl PendingMinute {
    fn drop_surplus(&mut self, names: OpenNames<'_>) {
        let left_out = &mut self.left_out;
        names.drop_surplus(&mut self.owners, |(scope, _)| scope, labels_in, left_out);
    }
}

/// Labels and corrections that `quality` counts.
#[must_use]
pub fn labels_in(quality: &Quality) -> u64 {
    let labels = quality.labelled.saturating_add(quality.corrections);
    u64::try_from(labels).unwrap_or(0) // neither is ever taken back
}

fn key(minute: Boundary, (scope, predicted): &QualityOwner) -> StateKey {
    StateKey::OpenQuality(minute, scope.clone(), *predicted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Segment;

    const LIMITS: NameLimits = NameLimits {
        silent_minutes: 60,
        models: 2,
        versions: 2,
        features: 2,
        values: 3,
    };
    const MINUTE: Boundary = Boundary(1_000);

    /// One label of a user's prediction, as its segment or as the whole.
    fn label(user: Option<usize>) -> QualityPartial {
        let segment = user.map(|user| Segment {
            key: "user".into(),
            value: user.to_string(),
        });
        QualityPartial {
            scope: Scope {
                model: "fraud".into(),
                version: "1".into(),
                segment,
            },
            predicted: Boundary(990),
            known: MINUTE,
            quality: Quality {
                labelled: 1,
                ..Quality::default()
            },
        }
    }

    /// The minute of a flood of users, each with a label. Names are dropped after every `drops_every` labels.
    fn minute(users: impl Iterator<Item = usize>, drops_every: usize) -> PendingMinute {
        let (mut pending, models) = (PendingQuality::default(), BTreeMap::new());
        for (n, user) in users.enumerate() {
            for partial in [label(None), label(Some(user))] {
                assert!(pending.merge(partial));
            }
            if n % drops_every == 0 {
                pending.drops = DropThreshold::new(0);
            }
            pending.keep_within(LIMITS, &models);
            assert!(pending.entries <= ENTRIES_FREE);
        }
        pending.close(MINUTE.plus_minutes(1), LIMITS, &models)
    }

    #[test]
    fn labels_of_ever_new_segments_are_bounded_and_counted_in_any_order() {
        let users = 20_000;
        let at_once = minute(0..users, usize::MAX);
        let left_out = at_once.left_out.of_labels();
        assert_eq!((left_out.labels, at_once.owners.len()), (0, 7));
        assert_eq!(left_out.segment_labels, users as u64 - 6);
        for drops_every in [1_000, 30_000] {
            let other = minute((0..users).rev(), drops_every);
            assert_eq!(other.owners, at_once.owners);
            assert_eq!(other.left_out, at_once.left_out);
        }
    }
}

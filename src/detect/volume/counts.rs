//! Counts of the last 35 days, one number for each slot, and sums over spans of them.
//!
//! **Cost.** The state is written every quarter of an hour, so it is kept small: the number of the newest slot and a
//! plain list of counts. In the binary form of the state, a count below 128 takes one byte and one below 16,384 two,
//! so 35 days of a model with 1,000 predictions an hour take 6.7 KB, and 13 KB is the usual maximum.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::slot::{DAY, Slot};

/// Slots kept: 28 days to compare with, the 7 days before them that show their level, and the slot to judge with two
/// hours of margin.
pub const SLOTS_MAX: usize = 35 * DAY as usize + 9;

/// Number of events in each recent slot. The slots are consecutive.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SlotCounts {
    /// The newest slot.
    newest: Slot,
    /// Counts, the oldest first.
    counts: VecDeque<u32>,
}

impl SlotCounts {
    /// Adds `count` events to `slot`. Slots that were left out since the newest one have 0 events. A slot older than
    /// those that are kept is ignored.
    pub fn add(&mut self, slot: Slot, count: u64) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if self.counts.is_empty() || slot.0 - self.newest.0 > SLOTS_MAX as i64 {
            self.counts = VecDeque::from([count]);
            self.newest = slot;
            return;
        }
        while self.newest < slot {
            self.counts.push_back(0);
            self.newest.0 += 1;
        }
        while self.counts.len() > SLOTS_MAX {
            self.counts.pop_front();
        }
        let at = slot.0 - self.first().0;
        let own = usize::try_from(at)
            .ok()
            .and_then(|at| self.counts.get_mut(at));
        if let Some(own) = own {
            *own = own.saturating_add(count);
        }
    }

    /// Number of slots kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// True if there is no count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The oldest slot.
    fn first(&self) -> Slot {
        Slot(self.newest.0 + 1 - self.counts.len() as i64)
    }

    /// Sums for all spans up to the end of `last`.
    pub(super) fn sums(&self) -> SlotSums {
        let mut before = Vec::with_capacity(self.counts.len() + 1);
        let mut sum = 0_u64;
        before.push(sum);
        for count in &self.counts {
            sum += u64::from(*count);
            before.push(sum);
        }
        SlotSums {
            first: self.first(),
            before,
        }
    }
}

/// Sums of counts over spans of slots.
pub(super) struct SlotSums {
    first: Slot,
    /// Sum of the counts before each slot, and of all.
    before: Vec<u64>,
}

impl SlotSums {
    /// The oldest slot.
    pub(super) fn first(&self) -> Slot {
        self.first
    }

    /// Events in the `length` slots before `end`; `None` if one of them is not known.
    pub(super) fn sum(&self, end: Slot, length: i64) -> Option<u64> {
        let to = usize::try_from(end.0 - self.first.0).ok()?;
        let from = usize::try_from(end.0 - length - self.first.0).ok()?;
        Some(self.before.get(to)? - self.before.get(from)?)
    }
}

//! Labels that wait for predictions: a prediction may follow its label by up to `lead`.
//!
//! For each id and subject, an assertion is kept only if some later prediction could have it as its best one. It is
//! dropped as soon as another one arrives no earlier and ranks no lower (a sliding maximum). A million repeated labels
//! take one slot. The assertions kept since any minute depend only on the assertions since that minute. That is why a
//! rebuild may begin at any minute.

use std::collections::BTreeMap;

use hashbrown::HashTable;

use super::assertion::LabelAssertion;
use super::hash::MixedHash;
use super::settings::ENTRIES_PER_ID_MAX;
use crate::event::EventTime;
use crate::window::Boundary;

/// Maximum number of waiting assertions of one id and subject. Beyond it, the one that arrived first is dropped.
const ASSERTIONS_MAX: usize = ENTRIES_PER_ID_MAX;

/// Assertions of one id, in order of arrival.
#[derive(Debug)]
struct Slot {
    id: u64,
    assertions: Vec<LabelAssertion>,
}

/// Bytes counted per slot: twice its size, to include free places in the table.
const SLOT_BYTES: usize = size_of::<Slot>() * 2;

/// Assertions by id, and ids by the minute of arrival.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    slots: HashTable<Slot>,
    queue: BTreeMap<Boundary, Vec<u64>>,
    bytes: usize,
    uncounted: u64,
}

/// Labels, not counted before, that have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct EndedLabels {
    /// Number of labels made moot by another one.
    pub moot: u64,
    /// Number of labels that met no prediction.
    pub expired: u64,
}

fn place(id: u64) -> u64 {
    MixedHash::of(id).0
}

fn place_of(slot: &Slot) -> u64 {
    place(slot.id)
}

impl Waiting {
    /// Number of waiting labels that are not in the final counts yet.
    pub(super) fn uncounted(&self) -> u64 {
        self.uncounted
    }

    /// Bytes held. The bytes of a span depend only on the assertions in that span.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Oldest minute of arrival.
    pub(super) fn first(&self) -> Option<Boundary> {
        self.queue.first_key_value().map(|(minute, _)| *minute)
    }

    /// Assertions for `id`, in order of arrival. Among those of one subject that arrived late enough, the first is the
    /// best.
    pub(super) fn assertions(&mut self, id: u64) -> &mut [LabelAssertion] {
        let slot = self.slots.find_mut(place(id), |slot| slot.id == id);
        slot.map_or(&mut [], |slot| slot.assertions.as_mut_slice())
    }

    /// Records that a waiting label has met its first prediction.
    pub(super) fn one_was_counted(&mut self) {
        self.uncounted -= 1;
    }

    /// Adds `assertion`. Returns the labels that end because of it, which may include its own.
    pub(super) fn push(&mut self, id: u64, assertion: LabelAssertion) -> EndedLabels {
        let slot = self.slots.entry(place(id), |slot| slot.id == id, place_of);
        let slot = slot.or_insert_with(|| {
            self.bytes += SLOT_BYTES;
            Slot {
                id,
                assertions: Vec::with_capacity(1),
            }
        });
        let assertions = &mut slot.into_mut().assertions;
        let mut ended = EndedLabels::default();
        if assertions
            .iter()
            .any(|known| assertion.is_moot_beside(known))
        {
            ended.moot = u64::from(!assertion.counted);
            return ended;
        }
        let minute = Boundary::at_or_before(assertion.arrival);
        if !assertions
            .iter()
            .any(|known| Boundary::at_or_before(known.arrival) == minute)
        {
            self.queue.entry(minute).or_default().push(id);
        }
        let dropped = make_room(assertions, &assertion);
        let after = assertions.partition_point(|known| known.arrival <= assertion.arrival);
        self.bytes += assertion.bytes();
        self.uncounted += u64::from(!assertion.counted);
        assertions.insert(after, assertion);
        for (assertion, is_moot) in dropped {
            self.bytes -= assertion.bytes();
            self.uncounted -= u64::from(!assertion.counted);
            let end = if is_moot {
                &mut ended.moot
            } else {
                &mut ended.expired
            };
            *end += u64::from(!assertion.counted);
        }
        ended
    }

    /// Drops the oldest minute of arrival. Returns the number of labels that expired.
    fn pop_minute(&mut self) -> u64 {
        let Some((minute, ids)) = self.queue.pop_first() else {
            return 0;
        };
        let end = minute.plus_minutes(1).time();
        ids.into_iter().map(|id| self.drop_before(id, end)).sum()
    }

    fn drop_before(&mut self, id: u64, end: EventTime) -> u64 {
        let found = self.slots.find_entry(place(id), |slot| slot.id == id);
        let Ok(mut slot) = found else {
            return 0;
        };
        let assertions = &mut slot.get_mut().assertions;
        let gone = assertions.partition_point(|assertion| assertion.arrival < end);
        let mut expired = 0;
        for assertion in assertions.drain(..gone) {
            self.bytes -= assertion.bytes();
            expired += u64::from(!assertion.counted);
        }
        if assertions.is_empty() {
            self.bytes -= SLOT_BYTES;
            slot.remove();
        }
        self.uncounted -= expired;
        expired
    }

    /// Drops all minutes of arrival that begin before `start`. Returns the number of labels that expired.
    pub(super) fn expire_before(&mut self, start: Boundary) -> u64 {
        let mut expired = 0;
        while self.first().is_some_and(|first| first < start) {
            expired += self.pop_minute();
        }
        if self.slots.len() < self.slots.capacity() / 8 {
            self.slots.shrink_to(self.slots.len() * 2, place_of);
        }
        expired
    }

    /// Drops the oldest minutes until the rest fits. Returns the number of labels that expired.
    pub(super) fn shrink_to(&mut self, bytes_max: usize) -> u64 {
        let mut expired = 0;
        while self.bytes > bytes_max && self.first().is_some() {
            expired += self.pop_minute();
        }
        expired
    }

    /// Marks all waiting labels as counted; they continue to wait. Returns how many were not counted before.
    pub(super) fn settle(&mut self) -> u64 {
        for slot in self.slots.iter_mut() {
            slot.assertions
                .iter_mut()
                .for_each(|assertion| assertion.counted = true);
        }
        std::mem::take(&mut self.uncounted)
    }
}

/// Removes the assertions that `assertion` makes moot, and the first of its subject if there are too many. Each one
/// comes with true if it is moot.
fn make_room(
    assertions: &mut Vec<LabelAssertion>,
    assertion: &LabelAssertion,
) -> Vec<(LabelAssertion, bool)> {
    let moot = assertions.extract_if(.., |known| known.is_moot_beside(assertion));
    let mut dropped: Vec<(LabelAssertion, bool)> =
        moot.map(|assertion| (assertion, true)).collect();
    let same = assertions
        .iter()
        .filter(|known| known.is_same_subject(assertion))
        .count();
    if same >= ASSERTIONS_MAX {
        let first = assertions
            .iter()
            .position(|known| known.is_same_subject(assertion));
        dropped.extend(first.map(|at| (assertions.remove(at), false)));
    }
    dropped
}

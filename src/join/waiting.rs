//! Labels that wait for predictions: a prediction may still come, `lead` later than its label.
//!
//! Of one id and subject only those claims are kept that some prediction could still have as its best: a claim is
//! dropped as soon as one that arrives no earlier ranks no lower (a sliding maximum). A million repeated labels cost one
//! slot. What is kept of the claims since any minute depends on the claims since that minute only, whatever was before:
//! that is why a rebuild may begin anywhere.

use std::collections::BTreeMap;

use hashbrown::HashTable;

use super::assertion::LabelAssertion;
use super::hash::MixedHash;
use super::settings::ENTRIES_PER_ID_MAX;
use crate::event::EventTime;
use crate::window::Boundary;

/// Claims of one id and subject that wait at most; beyond it the one that arrived first goes.
const CLAIMS_MAX: usize = ENTRIES_PER_ID_MAX;

/// The claims of one id, by arrival.
#[derive(Debug)]
struct Slot {
    id: u64,
    assertions: Vec<LabelAssertion>,
}

/// A slot and its place in the table, which is at worst a quarter full.
const SLOT_BYTES: usize = size_of::<Slot>() * 2;

/// Claims by id, and the ids by the minute of arrival.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    slots: HashTable<Slot>,
    queue: BTreeMap<Boundary, Vec<u64>>,
    bytes: usize,
    uncounted: u64,
}

/// What became of labels that were not in the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct EndedLabels {
    /// Another said more.
    pub moot: u64,
    /// Nothing came of them.
    pub expired: u64,
}

fn place(id: u64) -> u64 {
    MixedHash::of(id).0
}

fn place_of(slot: &Slot) -> u64 {
    place(slot.id)
}

impl Waiting {
    /// Labels that are not in the counts yet.
    pub(super) fn uncounted(&self) -> u64 {
        self.uncounted
    }

    /// Bytes; what the claims of a span take depends on them alone.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The oldest minute of arrival.
    pub(super) fn first(&self) -> Option<Boundary> {
        self.queue.first_key_value().map(|(minute, _)| *minute)
    }

    /// The claims on `id`, the best of each subject first among those that arrived late enough.
    pub(super) fn assertions(&mut self, id: u64) -> &mut [LabelAssertion] {
        let slot = self.slots.find_mut(place(id), |slot| slot.id == id);
        slot.map_or(&mut [], |slot| slot.assertions.as_mut_slice())
    }

    /// A label that waited has met its first prediction.
    pub(super) fn one_was_counted(&mut self) {
        self.uncounted -= 1;
    }

    /// Lets `assertion` wait; says which labels have ended by that, perhaps its own.
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

    /// Forgets claims of arrivals before `time` that lie in the oldest minute; says how many labels expired by that.
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

    /// Forgets all minutes of arrival that begin before `start`; says how many labels expired by that.
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

    /// Forgets the oldest minutes until the rest fits; says how many labels expired by that.
    pub(super) fn shrink_to(&mut self, bytes_max: usize) -> u64 {
        let mut expired = 0;
        while self.bytes > bytes_max && self.first().is_some() {
            expired += self.pop_minute();
        }
        expired
    }

    /// Counts all labels for good, though they wait on; says how many were not.
    pub(super) fn settle(&mut self) -> u64 {
        for slot in self.slots.iter_mut() {
            slot.assertions
                .iter_mut()
                .for_each(|assertion| assertion.counted = true);
        }
        std::mem::take(&mut self.uncounted)
    }
}

/// Takes out what `assertion` makes moot, and the first of its subject if there are too many; says which is which.
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
    if same >= CLAIMS_MAX {
        let first = assertions
            .iter()
            .position(|known| known.is_same_subject(assertion));
        dropped.extend(first.map(|at| (assertions.remove(at), false)));
    }
    dropped
}

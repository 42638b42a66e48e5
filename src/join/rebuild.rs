//! What a join must leave out while it is told again what it was told before.

use std::collections::BTreeMap;

use super::counts::Counts;
use super::outcomes::Outcomes;
use super::standing::Suppressed;
use crate::window::Boundary;

/// A rebuild that is under way.
#[derive(Debug)]
pub(super) struct Rebuild {
    /// Where the join stood.
    pub until: Boundary,
    /// What it had counted.
    pub counts: Counts,
    /// Labels that were not worked then: held back now, handed in again at the end.
    pub stranded: Outcomes,
    suppressed: BTreeMap<Suppressed, u64>,
    held_back: BTreeMap<u64, u64>,
}

impl Rebuild {
    pub(super) fn new(
        until: Boundary,
        counts: Counts,
        stranded: Outcomes,
        suppressed: Vec<Suppressed>,
    ) -> Self {
        let (batch, _, labelled) = super::buffer::unpack(stranded.clone());
        let labels = labelled.iter().map(|label| batch.content_of_label(label));
        Self {
            until,
            counts,
            stranded,
            suppressed: times(suppressed),
            held_back: times(labels),
        }
    }

    /// Whether this prediction was refused then, once for each refusal.
    pub(super) fn was_refused(&mut self, prediction: Suppressed) -> bool {
        take_one(&mut self.suppressed, prediction)
    }

    /// Whether this label was not worked then.
    pub(super) fn is_held_back(&mut self, content: u64) -> bool {
        take_one(&mut self.held_back, content)
    }
}

fn times<T: Ord>(all: impl IntoIterator<Item = T>) -> BTreeMap<T, u64> {
    let mut times = BTreeMap::new();
    for one in all {
        *times.entry(one).or_default() += 1;
    }
    times
}

fn take_one<T: Ord>(times: &mut BTreeMap<T, u64>, one: T) -> bool {
    match times.get_mut(&one) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

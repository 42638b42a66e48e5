//! In which buckets an id may lie: one look instead of one into each of thirty buckets.
//!
//! A slot per two entries or so, a bit per bucket. An id sets the bit of its bucket in the slot that its hash names; what
//! is not set is not there. It is never asked for more than where to look, so it may say too much. When it is full it is
//! made anew, twice as large, from all entries: a tenth of a second for five million, once.

/// Entries per slot at most.
const ENTRIES_PER_SLOT: usize = 2;
const SLOTS_MIN: usize = 1_024;
/// Bytes of it for one entry at most, as they are counted.
pub(super) const FILTER_BYTES: usize = 4;

/// Bits of buckets by the hash of an id.
#[derive(Debug)]
pub(super) struct BucketFilter {
    slots: Vec<u32>,
    entries: usize,
}

/// The bit of one bucket; buckets 32 apart share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BucketMask(pub u32);

impl BucketMask {
    /// Of the bucket with this number.
    pub(super) fn of(number: i64) -> Self {
        Self(1 << number.rem_euclid(32))
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Default for BucketFilter {
    fn default() -> Self {
        Self::with_slots(SLOTS_MIN)
    }
}

impl BucketFilter {
    fn with_slots(slots: usize) -> Self {
        Self {
            slots: vec![0; slots],
            entries: 0,
        }
    }

    /// An empty one, twice as large.
    pub(super) fn larger(&self) -> Self {
        Self::with_slots(self.slots.len() * 2)
    }

    /// Whether it would say too much if it took in more.
    pub(super) fn is_full(&self) -> bool {
        self.entries >= self.slots.len() * ENTRIES_PER_SLOT
    }

    /// All buckets in which an id of this hash may lie.
    pub(super) fn of(&self, hash: u64) -> BucketMask {
        let at = hash as usize & (self.slots.len() - 1); // a power of two
        BucketMask(self.slots.get(at).copied().unwrap_or(u32::MAX))
    }

    pub(super) fn insert(&mut self, hash: u64, bucket: BucketMask) {
        self.entries += 1;
        let at = hash as usize & (self.slots.len() - 1);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot |= bucket.0;
        }
    }

    /// Some entries are gone, and with them all buckets of `dead`.
    pub(super) fn clear(&mut self, dead: BucketMask, entries: usize) {
        self.entries -= entries.min(self.entries);
        self.slots.iter_mut().for_each(|slot| *slot &= !dead.0);
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_never_missed_and_little_else_is_found() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut filter = BucketFilter::default();
        while filter.slots.len() < 20_000 {
            filter = filter.larger();
        }
        let all: Vec<(u64, BucketMask)> = (0..40_000)
            .map(|serial| (random.u64(..), BucketMask::of(serial / 1_500)))
            .collect();
        for (hash, bucket) in &all {
            filter.insert(*hash, *bucket);
        }
        let found = |filter: &BucketFilter, (hash, bucket): &(u64, BucketMask)| {
            filter.of(*hash).meets(*bucket)
        };
        assert!(all.iter().all(|one| found(&filter, one)));
        let looks: u32 = (0..1_000)
            .map(|_| filter.of(random.u64(..)).0.count_ones())
            .sum();
        assert!(
            !filter.is_full() && looks < 2_000,
            "{looks} for a thousand strangers"
        );
        filter.clear(all[0].1, 1_500);
        assert!(!all[..1_500].iter().any(|one| found(&filter, one)));
        assert!(all[1_500..].iter().all(|one| found(&filter, one)));
    }
}

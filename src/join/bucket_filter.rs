//! Filter that gives the buckets in which an id may be. One lookup replaces one in each of about thirty buckets.
//!
//! The filter has about one slot per two entries and one bit per bucket. An id sets the bit of its bucket in the slot
//! that its hash selects. If the bit is not set, the id is not in the bucket. A set bit may be wrong; it only causes a
//! useless lookup. A full filter is rebuilt at twice the size from all entries. For five million entries, this takes a
//! tenth of a second, once.

/// Maximum number of entries per slot.
const ENTRIES_PER_SLOT: usize = 2;
const SLOTS_MIN: usize = 1_024;
/// Maximum number of filter bytes per entry, used for memory accounting.
pub(super) const FILTER_BYTES: usize = 4;

/// Bits of buckets, by the hash of an id.
#[derive(Debug)]
pub(super) struct BucketFilter {
    slots: Vec<u32>,
    entries: usize,
}

/// Bit of one bucket. Buckets whose numbers differ by 32 share a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BucketMask(pub u32);

impl BucketMask {
    /// Bit of the bucket with this number.
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

    /// Returns an empty filter of twice the size.
    pub(super) fn larger(&self) -> Self {
        Self::with_slots(self.slots.len() * 2)
    }

    /// True if more entries would cause too many false hits.
    pub(super) fn is_full(&self) -> bool {
        self.entries >= self.slots.len() * ENTRIES_PER_SLOT
    }

    /// Bits of all buckets that may contain an id with this hash.
    pub(super) fn of(&self, hash: u64) -> BucketMask {
        let at = hash as usize & (self.slots.len() - 1); // the length is a power of two
        BucketMask(self.slots.get(at).copied().unwrap_or(u32::MAX))
    }

    pub(super) fn insert(&mut self, hash: u64, bucket: BucketMask) {
        self.entries += 1;
        let at = hash as usize & (self.slots.len() - 1);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot |= bucket.0;
        }
    }

    /// Clears the bits of dropped buckets and subtracts the number of their entries.
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

//! Open form of the adaptive histogram: it accepts keys one at a time, in any order.
//!
//! A push appends four bytes. After every [`PENDING_MAX`] pushes, the pending keys are sorted, run-length encoded and
//! merged into the cells.

use super::histogram::{Cell, Histogram, coarser};

/// Number of pushes between two sorts. The keys take 4 KB and fit in the first-level cache.
const PENDING_MAX: usize = 1_024;

/// Minimum number of keys for which radix sort is faster than comparison sort.
const SORT_BY_BYTES_MIN: usize = 128;

/// Open form of [`Histogram`].
#[derive(Debug, Clone, Default)]
pub struct HistogramBuffer<const LIMIT: usize> {
    frozen: Histogram<LIMIT>,
    pending: Vec<u32>,
}

impl<const LIMIT: usize> HistogramBuffer<LIMIT> {
    /// Counts one key.
    pub fn push(&mut self, key: u32) {
        self.pending.push(key);
        if self.pending.len() >= PENDING_MAX {
            self.settle();
        }
    }

    /// Returns the counts as a histogram. The buffer is then empty and keeps its allocated memory.
    pub fn freeze(&mut self) -> Histogram<LIMIT> {
        self.settle();
        std::mem::take(&mut self.frozen)
    }

    fn settle(&mut self) {
        let level = self.frozen.level();
        for key in &mut self.pending {
            *key = coarser(*key, level);
        }
        sort(&mut self.pending);
        let runs = self.pending.chunk_by(u32::eq).filter_map(cell_of_run);
        let cells: Vec<Cell> = runs.collect();
        self.frozen.add_sorted(&cells);
        self.pending.clear();
    }
}

/// Converts a run of equal indices to a cell.
fn cell_of_run(run: &[u32]) -> Option<Cell> {
    let index = *run.first()?;
    let count = run.len() as u64;
    Some(Cell { index, count })
}

/// Sorts at most [`PENDING_MAX`] keys by radix, from the lowest byte: twice as fast as a comparison sort. A byte that
/// is equal in all keys (the sign, most of the exponent, the bits shifted out by the level) costs only the counting
/// pass.
#[expect(
    clippy::indexing_slicing,
    reason = "a byte indexes 256 slots, and the slots' ends add up to the number of keys"
)]
fn sort(keys: &mut [u32]) {
    if keys.len() < SORT_BY_BYTES_MIN {
        return keys.sort_unstable();
    }
    let mut sorted = [0_u32; PENDING_MAX];
    let sorted = &mut sorted[..keys.len()];
    for shift in (0..u32::BITS).step_by(8) {
        let byte = |key: u32| (key >> shift) as u8 as usize;
        let mut slots = [0_usize; 256];
        keys.iter().for_each(|key| slots[byte(*key)] += 1);
        if slots[byte(keys[0])] == keys.len() {
            continue;
        }
        let mut start = 0;
        for slot in &mut slots {
            start += std::mem::replace(slot, start);
        }
        for key in keys.iter() {
            let slot = &mut slots[byte(*key)];
            sorted[*slot] = *key;
            *slot += 1;
        }
        keys.copy_from_slice(sorted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_by_bytes_as_by_comparison() {
        let mut random = fastrand::Rng::with_seed(12);
        for n in [0, 1, 127, 128, 129, 1_000, PENDING_MAX] {
            for mask in [u32::MAX, 0xFF, 0xFF00, 0xF00F_0000, 0x8000_0000, 0] {
                let mut keys: Vec<u32> = (0..n).map(|_| random.u32(..) & mask).collect();
                let mut expected = keys.clone();
                expected.sort_unstable();
                sort(&mut keys);
                assert_eq!(keys, expected, "{n} keys under {mask:x}");
            }
        }
    }

    #[test]
    fn counts_all_however_often_it_settles_and_starts_afresh() {
        let mut buffer = HistogramBuffer::<512>::default();
        for n in [1, PENDING_MAX, PENDING_MAX + 1, 5 * PENDING_MAX, 0] {
            (0..n).for_each(|i| buffer.push(i as u32));
            let histogram = buffer.freeze();
            assert_eq!(histogram.total(), n as u64);
            assert_eq!(histogram.level() > 0, n > 512);
        }
    }
}

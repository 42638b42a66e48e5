//! Adaptive histogram: exact counts on at most `LIMIT` cells, with identical bits for any order of merging.
//!
//! **Intuition.** Keys are integers in the order of the values. A cell groups all keys with one value of `key >>
//! level`. The histogram uses the *smallest* level at which the distinct cells fit into the limit. The number of
//! distinct cells only falls as the level rises, and only grows with the set of keys. So the level is a function of the
//! set alone: merging at the coarser level, then raising the level while there are too many cells, gives the result of
//! one pass over all keys.
//!
//! **Assumptions and limits.** Keys carry the resolution (see `key`). The level never falls: {1,2,3} − {3} would stay
//! coarse, so nothing is ever subtracted, and sliding windows merge their panes anew. If half of the values are tiny
//! noise of widely different magnitudes, the cells of the other half become coarse. A comparison then reports this.
//!
//! **Cost.** 16 bytes per cell in memory, 2–8 on the wire. Merging makes one pass over the cells of both sides. One
//! more pass finds the new level, however far it is.
//!
//! **Source.** The idea of OpenTelemetry's exponential histogram and of UDDSketch (Epicoco et al. 2020), applied to the
//! bits of the double instead of logarithms. There is no scale to choose, and integers and years stay exact.
//! **Rejected.** KLL, t-digest and frequent-items, because their state depends on the order of merging. Edges frozen
//! with a reference, because then the reference must exist before the first event can be counted.

use serde::{Deserialize, Serialize};

use super::Monoid;
use super::wire::Wire;

/// Level at which all keys share one cell.
pub(super) const LEVEL_MAX: u8 = u32::BITS as u8;

/// One cell. `index` is `key >> level`, and `count` is at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Index of the cell at the histogram's level.
    pub index: u32,
    /// Number of values counted in the cell.
    pub count: u64,
}

impl Cell {
    fn coarser(self, shift: u8) -> Self {
        Self {
            index: coarser(self.index, shift),
            count: self.count,
        }
    }
}

/// Returns `index >> shift`, also for a shift by all 32 bits.
pub(super) fn coarser(index: u32, shift: u8) -> u32 {
    index.checked_shr(u32::from(shift)).unwrap_or(0)
}

/// Frozen form: exact counts on at most `LIMIT` cells, sorted by index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Histogram<const LIMIT: usize> {
    pub(super) level: u8,
    pub(super) cells: Vec<Cell>,
}

impl<const LIMIT: usize> Histogram<LIMIT> {
    /// Level: number of bits by which keys are shifted to give cell indices, 0..=32.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Cells, by ascending index.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Total number of values counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.cells.iter().map(|c| c.count).sum()
    }

    /// True if nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Returns the counts at this level, or at the current level if that is coarser. Use the result for comparisons
    /// only. It must not be stored as state, because its level is no longer a function of its keys.
    #[must_use]
    pub fn at_level(&self, level: u8) -> Self {
        let mut coarse = self.clone();
        coarse.raise_to(level.min(LEVEL_MAX));
        coarse
    }

    fn raise_to(&mut self, level: u8) {
        if level <= self.level {
            return;
        }
        let shift = level - self.level;
        self.level = level;
        for cell in &mut self.cells {
            *cell = cell.coarser(shift);
        }
        self.cells.dedup_by(|later, kept| {
            let same = later.index == kept.index;
            if same {
                kept.count += later.count;
            }
            same
        });
    }

    /// Adds sorted cells of this histogram's level, then raises the level to the smallest one that fits.
    pub(super) fn add_sorted(&mut self, cells: &[Cell]) {
        if cells.is_empty() {
            return;
        }
        self.cells = merge_sorted(&self.cells, cells);
        self.raise_to(self.level + self.excess_levels());
        self.cells.shrink_to_fit();
    }

    /// Number of levels by which the cells must be raised to fit into the limit.
    ///
    /// Two neighbours become one cell when the level passes the highest bit in which they differ. So the pairs of
    /// neighbours are counted by that bit, and each level removes the pairs of one more bit.
    fn excess_levels(&self) -> u8 {
        const { assert!(LIMIT > 0 && LIMIT <= u16::MAX as usize) };
        let mut cells = self.cells.len();
        if cells <= LIMIT {
            return 0;
        }
        let mut pairs = [0_usize; LEVEL_MAX as usize];
        for (low, high) in self.cells.iter().zip(self.cells.iter().skip(1)) {
            let highest_bit = (low.index ^ high.index).ilog2();
            if let Some(count) = pairs.get_mut(highest_bit as usize) {
                *count += 1;
            }
        }
        let still_too_many = pairs.iter().take_while(|joined| {
            let too_many = cells > LIMIT;
            cells -= **joined;
            too_many
        });
        still_too_many.count() as u8
    }
}

impl<const LIMIT: usize> Monoid for Histogram<LIMIT> {
    fn merge(&mut self, other: &Self) {
        self.raise_to(other.level);
        if other.level < self.level {
            self.add_sorted(&other.at_level(self.level).cells);
        } else {
            self.add_sorted(&other.cells);
        }
    }
}

/// Merges two sorted runs of cells of one level and adds the counts of equal indices.
fn merge_sorted(mut a: &[Cell], mut b: &[Cell]) -> Vec<Cell> {
    let mut merged = Vec::with_capacity(a.len() + b.len());
    while let ([left, lefts @ ..], [right, rights @ ..]) = (a, b) {
        let (from_a, from_b) = (left.index <= right.index, right.index <= left.index);
        merged.push(Cell {
            index: left.index.min(right.index),
            count: left.count * u64::from(from_a) + right.count * u64::from(from_b),
        });
        a = if from_a { lefts } else { a };
        b = if from_b { rights } else { b };
    }
    merged.extend_from_slice(a);
    merged.extend_from_slice(b);
    merged
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
mod tests {
    use super::*;

    fn of<const LIMIT: usize>(keys: &[u32]) -> Histogram<LIMIT> {
        let mut histogram = Histogram::default();
        for index in keys {
            let (level, count) = (0, 1);
            let cells = vec![Cell {
                index: *index,
                count,
            }];
            histogram.merge(&Histogram { level, cells });
        }
        histogram
    }

    fn pairs<const LIMIT: usize>(histogram: &Histogram<LIMIT>) -> Vec<(u32, u64)> {
        histogram
            .cells()
            .iter()
            .map(|c| (c.index, c.count))
            .collect()
    }

    #[test]
    fn counts_exactly_while_the_keys_fit() {
        let histogram = of::<4>(&[9, 1, 9, 5]);
        assert_eq!(histogram.level(), 0);
        assert_eq!(pairs(&histogram), [(1, 1), (5, 1), (9, 2)]);
        assert_eq!(histogram.total(), 4);
    }

    #[test]
    fn takes_the_smallest_level_that_fits() {
        let histogram = of::<4>(&[0, 1, 2, 3, 16]);
        assert_eq!(histogram.level(), 1);
        assert_eq!(pairs(&histogram), [(0, 2), (1, 2), (8, 1)]);
    }

    #[test]
    fn a_far_pair_raises_by_many_levels_at_once() {
        let mut histogram = of::<2>(&[0, u32::MAX]);
        histogram.merge(&of(&[1 << 30]));
        assert_eq!(histogram.level(), 31);
        assert_eq!(pairs(&histogram), [(0, 2), (1, 1)]);
    }

    #[test]
    fn one_cell_takes_everything() {
        let histogram = of::<1>(&[0, u32::MAX, 7]);
        assert_eq!((histogram.level(), pairs(&histogram)), (32, vec![(0, 3)]));
    }

    #[test]
    fn a_coarser_look_keeps_the_counts_and_ends_in_one_cell() {
        let histogram = of::<8>(&[3, 4, 5, u32::MAX]);
        assert_eq!(
            pairs(&histogram.at_level(2)),
            [(0, 1), (1, 2), (u32::MAX >> 2, 1)]
        );
        assert_eq!(histogram.at_level(0), histogram);
        assert_eq!(histogram.at_level(255), histogram.at_level(32));
        assert_eq!(pairs(&histogram.at_level(32)), [(0, 4)]);
    }
}

//! Signed counts by cell, so that the correction of a label can take a count back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Monoid;

/// Counts by score cell: 0..=99 and [`UNSCORED`](super::UNSCORED).
pub type ScoreCells = SignedCounts<u8>;
/// Counts by hundredth of a judge's score: 0..=100, and [`UNSCORED`](super::UNSCORED) for a score outside 0..=1.
pub type EvaluationCells = SignedCounts<u8>;

/// Counts by cell. A cell stays once it was used, even when its count is 0. This makes the set of cells as independent
/// of the order of merging as the counts are. Sums wrap around, so damaged bytes can change numbers but cannot cause a
/// panic.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignedCounts<K: Ord>(BTreeMap<K, i64>);

impl<K: Ord + Copy> SignedCounts<K> {
    /// Adds `times` to the count of a cell. A negative value takes counts back.
    pub fn add(&mut self, cell: K, times: i64) {
        let count = self.0.entry(cell).or_default();
        *count = count.wrapping_add(times);
    }

    /// Count of a cell; 0 for a cell that was never used.
    #[must_use]
    pub fn count(&self, cell: K) -> i64 {
        self.0.get(&cell).copied().unwrap_or_default()
    }

    /// Iterates over the cells in order, with their counts. Cells with count 0 are included.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, i64)> + '_ {
        self.0.iter().map(|(cell, count)| (*cell, *count))
    }

    /// Sum of all counts.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.0.values().fold(0, |sum, n| sum.wrapping_add(*n))
    }

    /// True if any count is negative: more was taken back than added. This happens in a span that holds only
    /// corrections.
    #[must_use]
    pub fn has_debt(&self) -> bool {
        self.0.values().any(|count| *count < 0)
    }
}

impl<K: Ord + Copy + Default> Monoid for SignedCounts<K> {
    fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(cell, times)| self.add(cell, times));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_back_leaves_an_empty_cell() {
        let mut cells = ScoreCells::default();
        cells.add(7, 2);
        cells.add(7, -2);
        cells.add(9, 1);
        assert_eq!(cells.iter().collect::<Vec<_>>(), [(7, 0), (9, 1)]);
        assert_eq!((cells.total(), cells.has_debt()), (1, false));
        cells.add(7, -1);
        assert_eq!((cells.total(), cells.has_debt()), (0, true));
    }
}

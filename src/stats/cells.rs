//! Counts of a window and its reference on common cells, at the coarser of their two levels.

use crate::sketch::{Cell, Histogram};

/// Counts of one cell or group in the reference and in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pair {
    /// Number of events in the reference.
    pub reference: u64,
    /// Number of events in the window.
    pub window: u64,
}

impl Pair {
    /// Sum of both counts.
    #[must_use]
    pub fn sum(self) -> u64 {
        self.reference + self.window
    }

    /// Adds another pair.
    pub fn add(&mut self, other: Self) {
        self.reference += other.reference;
        self.window += other.window;
    }

    /// Sum of many pairs.
    #[must_use]
    pub fn total<'a>(pairs: impl IntoIterator<Item = &'a Self>) -> Self {
        pairs.into_iter().fold(Self::default(), |mut total, pair| {
            total.add(*pair);
            total
        })
    }
}

/// Cell that holds events of at least one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairedCell {
    /// Index of the cell at the common level.
    pub index: u32,
    /// Counts of the cell. At least one is not 0.
    pub counts: Pair,
}

/// Cells of two histograms at the coarser of their levels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PairedCells {
    /// Coarser of the two levels.
    pub level: u8,
    /// Cells by ascending index.
    pub cells: Vec<PairedCell>,
    /// Number of events on each side.
    pub total: Pair,
}

impl PairedCells {
    /// Pairs the cells of two histograms. The time is linear in the number of cells. There is one allocation, because
    /// the finer side is not copied.
    #[must_use]
    pub fn of<const LIMIT: usize>(reference: &Histogram<LIMIT>, window: &Histogram<LIMIT>) -> Self {
        let level = reference.level().max(window.level());
        let mut paired = Self {
            level,
            cells: Vec::with_capacity(reference.cells().len() + window.cells().len()),
            total: Pair::default(),
        };
        let mut left = raised(reference, level).peekable();
        let mut right = raised(window, level).peekable();
        while let Some(index) = lower(left.peek(), right.peek()) {
            let mut counts = Pair::default();
            while let Some(cell) = left.next_if(|c| c.index == index) {
                counts.reference += cell.count;
            }
            while let Some(cell) = right.next_if(|c| c.index == index) {
                counts.window += cell.count;
            }
            paired.total.add(counts);
            paired.cells.push(PairedCell { index, counts });
        }
        paired
    }
}

/// Cells with their indices at a coarser level. Neighbouring cells may get the same index.
fn raised<const LIMIT: usize>(
    histogram: &Histogram<LIMIT>,
    level: u8,
) -> impl Iterator<Item = Cell> {
    let shift = u32::from(level - histogram.level());
    histogram.cells().iter().map(move |cell| Cell {
        index: cell.index.checked_shr(shift).unwrap_or(0),
        count: cell.count,
    })
}

fn lower(left: Option<&Cell>, right: Option<&Cell>) -> Option<u32> {
    match (left, right) {
        (Some(l), Some(r)) => Some(l.index.min(r.index)),
        (one, other) => one.or(other).map(|cell| cell.index),
    }
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
    use crate::sketch::HistogramBuffer;

    fn histogram(keys: impl IntoIterator<Item = u32>) -> Histogram<8> {
        let mut buffer = HistogramBuffer::default();
        keys.into_iter().for_each(|key| buffer.push(key));
        buffer.freeze()
    }

    #[test]
    fn the_coarser_level_is_common() {
        let fine = histogram([0, 1, 2, 3, 64, 64]);
        let coarse = histogram((0..64).chain([1 << 20]));
        assert_eq!(fine.level(), 0);
        let paired = PairedCells::of(&fine, &coarse);
        assert_eq!(paired.level, coarse.level());
        let raised = fine.at_level(coarse.level());
        for cell in raised.cells() {
            let found = paired.cells.iter().find(|c| c.index == cell.index).unwrap();
            assert_eq!(found.counts.reference, cell.count);
        }
        assert_eq!(
            paired.total,
            Pair {
                reference: 6,
                window: 65
            }
        );
        assert!(paired.cells.is_sorted_by(|a, b| a.index < b.index));
    }

    #[test]
    fn swapping_sides_swaps_counts() {
        let (a, b) = (histogram([1, 1, 5]), histogram([5, 9]));
        let (there, back) = (PairedCells::of(&a, &b), PairedCells::of(&b, &a));
        assert_eq!(there.cells.len(), 3);
        for (x, y) in there.cells.iter().zip(&back.cells) {
            assert_eq!(
                (x.index, x.counts.reference, x.counts.window),
                (y.index, y.counts.window, y.counts.reference)
            );
        }
    }
}

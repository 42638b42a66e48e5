//! Score cells with outcomes: the basis of calibration and ranking measures.
//!
//! With a positive class, the score is its probability, and the event is that this class is true. Without one, the
//! score is the confidence in the predicted class, and the event is that the prediction is right. Every score is
//! replaced by the middle of its cell, (k + ½)/100, which differs from it by at most 0.005.

use std::collections::BTreeMap;

use crate::sketch::{Confusion, Monoid, SCORE_CELLS, Share, class_name};

/// Scored pairs by cell. `good` counts the pairs whose event occurred.
#[derive(Debug)]
pub(super) struct Scored {
    /// Cells 0..=99, ascending. No count is negative.
    cells: BTreeMap<u8, Share>,
    /// Sum over all cells; at least one pair.
    pub total: Share,
}

/// Counts of one cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScoredCell {
    /// Number of the cell, 0..=99.
    pub cell: u8,
    /// Number of pairs whose event occurred.
    pub occurred: i64,
    /// Number of pairs whose event did not occur.
    pub failed: i64,
}

impl ScoredCell {
    /// Score that represents the cell: its middle.
    pub fn middle(self) -> f64 {
        (f64::from(self.cell) + 0.5) / f64::from(SCORE_CELLS)
    }
}

impl Scored {
    /// Collects scored pairs by cell. `None` without scored pairs, with a negative count, or if the positive class was
    /// folded into the others.
    pub fn of(table: &Confusion, positive: Option<&str>) -> Option<Self> {
        if positive.is_some_and(|class| table.is_folded(class)) {
            return None;
        }
        let positive = positive.map(class_name);
        let mut cells: BTreeMap<u8, Share> = BTreeMap::new();
        for field in table.iter() {
            let occurred = positive
                .as_deref()
                .map_or(field.right, |p| field.truth == p);
            for (cell, count) in field.cells.iter().filter(|(cell, _)| *cell < SCORE_CELLS) {
                cells.entry(cell).or_default().merge(&Share {
                    good: if occurred { count } else { 0 },
                    valid: count,
                });
            }
        }
        Self::sound(cells)
    }

    fn sound(cells: BTreeMap<u8, Share>) -> Option<Self> {
        let mut total = Share::default();
        for share in cells.values() {
            if share.good < 0 || share.bad() < 0 {
                return None;
            }
            total.merge(share);
        }
        (total.valid > 0).then_some(Self { cells, total })
    }

    /// Iterates over the cells by ascending score.
    pub fn cells(&self) -> impl Iterator<Item = ScoredCell> + '_ {
        self.cells.iter().map(|(cell, share)| ScoredCell {
            cell: *cell,
            occurred: share.good,
            failed: share.bad(),
        })
    }

    /// Average of a loss over the pairs. `loss` gets the score and true if the event occurred.
    pub fn mean_loss(&self, loss: impl Fn(f64, bool) -> f64) -> f64 {
        let sum: f64 = self
            .cells()
            .map(|cell| {
                let score = cell.middle();
                cell.occurred as f64 * loss(score, true) + cell.failed as f64 * loss(score, false)
            })
            .sum();
        sum / self.total.valid as f64
    }
}

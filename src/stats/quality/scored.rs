//! Score cells beside what came true: what calibration and ranking are measured on.
//!
//! With a positive class the score is its probability and the event is that it was true; without one the score is the
//! confidence in the predicted class and the event is that the prediction was right. A score stands for its cell's
//! middle, (k + ½)/100, so it is within 0.005 of itself.

use std::collections::BTreeMap;

use crate::sketch::{Confusion, Monoid, SCORE_CELLS, Share, class_name};

/// Scored pairs by cell: `good` are those whose event came true.
#[derive(Debug)]
pub(super) struct Scored {
    /// Cells 0..=99, ascending; none is negative on either side.
    cells: BTreeMap<u8, Share>,
    /// All cells together; at least one pair.
    pub total: Share,
}

/// Pairs of one cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScoredCell {
    /// The number of the cell, 0..=99.
    pub cell: u8,
    /// Pairs whose event came true.
    pub came: i64,
    /// Pairs whose event did not.
    pub failed: i64,
}

impl ScoredCell {
    /// The score that stands for the cell.
    pub fn middle(self) -> f64 {
        (f64::from(self.cell) + 0.5) / f64::from(SCORE_CELLS)
    }
}

impl Scored {
    /// `None` without scored pairs, with a cell in debt, or where a positive class was folded into the others.
    pub fn of(table: &Confusion, positive: Option<&str>) -> Option<Self> {
        if positive.is_some_and(|class| table.is_folded(class)) {
            return None;
        }
        let positive = positive.map(class_name);
        let mut cells: BTreeMap<u8, Share> = BTreeMap::new();
        for field in table.iter() {
            let came = positive
                .as_deref()
                .map_or(field.right, |p| field.truth == p);
            for (cell, count) in field.cells.iter().filter(|(cell, _)| *cell < SCORE_CELLS) {
                cells.entry(cell).or_default().merge(&Share {
                    good: if came { count } else { 0 },
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

    /// Cells by ascending score.
    pub fn cells(&self) -> impl Iterator<Item = ScoredCell> + '_ {
        self.cells.iter().map(|(cell, share)| ScoredCell {
            cell: *cell,
            came: share.good,
            failed: share.bad(),
        })
    }

    /// The average of a loss over the pairs, by the score and whether the event came true.
    pub fn mean_loss(&self, loss: impl Fn(f64, bool) -> f64) -> f64 {
        let sum: f64 = self
            .cells()
            .map(|cell| {
                let score = cell.middle();
                cell.came as f64 * loss(score, true) + cell.failed as f64 * loss(score, false)
            })
            .sum();
        sum / self.total.valid as f64
    }
}

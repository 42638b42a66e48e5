//! Signed counts on a fixed grid of numbers, eight cells per octave. A count can be taken back.
//!
//! **Intuition.** The adaptive histogram cannot subtract, because its level never falls. A fixed grid can. Its cells
//! are taken from the number's key (sign, exponent, leading bits), with three bits after the leading one.
//!
//! **Formula.** Cell of x: 0 for |x| < 2^−20; ±(1 + (key(|x|) − key(2^−20)) ÷ 2^17) up to ±488; ±489 for |x| ≥ 2^41. A
//! quantile is interpolated linearly inside the cell of the ⌈qn⌉-th smallest value.
//!
//! **Assumptions and limits.** The width of a cell is at most an eighth of its lower edge, so a quantile is within
//! 12.5 % of the true one, or within 10⁻⁶ near zero. For values from 2.2·10¹² on (70 years of milliseconds) the
//! quantile is 2^41, a lower bound. **Cost.** At most 979 cells, of which 10–30 are in use. **Rejected.** Storing a
//! level with each window: two windows could then be merged only with knowledge of both histories.

use serde::{Deserialize, Serialize};

use super::Monoid;
use super::counts::SignedCounts;
use super::key::Scale;

/// Bits of a key below the three bits that split an octave into eight cells.
const CELL_SHIFT: u32 = 17;
/// Lower bound of the grid, 2^−20. Smaller magnitudes fall into the zero cell.
const TINY: f64 = 1.0 / 1_048_576.0;
/// Number of cells per sign: 61 octaves of eight cells.
const CELLS: i16 = 488;

/// Signed counts by cell of the grid.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GridCounts {
    /// Counts by cell number, −489..=489.
    pub cells: SignedCounts<i16>,
}

impl GridCounts {
    /// Adds `times` to the count of the cell of `x`. NaN counts as 0.
    pub fn add(&mut self, x: f64, times: i64) {
        self.cells.add(cell_of(x), times);
    }

    /// Value at rank `q` (0..=1). `None` if nothing is counted, or if more was taken back than added.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let total = self.cells.total();
        if total <= 0 || self.cells.has_debt() {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * total as f64;
        let mut before = 0.0;
        for (cell, count) in self.cells.iter().filter(|(_, count)| *count > 0) {
            let count = count as f64;
            if before + count >= rank {
                return Some(inside(cell, ((rank - before) / count).clamp(0.0, 1.0)));
            }
            before += count;
        }
        None
    }

    /// Returns the counts of |x|: negative cells are added to the positive cells.
    #[must_use]
    pub fn magnitudes(&self) -> Self {
        let mut folded = Self::default();
        let unsigned = |(cell, count): (i16, i64)| (cell.saturating_abs(), count);
        for (cell, count) in self.cells.iter().map(unsigned) {
            folded.cells.add(cell, count);
        }
        folded
    }
}

impl Monoid for GridCounts {
    fn merge(&mut self, other: &Self) {
        self.cells.merge(&other.cells);
    }
}

/// Grid cell of a number.
fn cell_of(x: f64) -> i16 {
    let size = x.abs();
    if size.is_nan() || size < TINY {
        return 0;
    }
    let steps = (Scale::Plain.key(size) >> CELL_SHIFT) - (Scale::Plain.key(TINY) >> CELL_SHIFT);
    let cell = (steps as i16).saturating_add(1).min(CELLS + 1);
    if x < 0.0 { -cell } else { cell }
}

/// Number at which `share` of the cell lies below it.
fn inside(cell: i16, share: f64) -> f64 {
    let size = cell.unsigned_abs().min(CELLS.unsigned_abs() + 1);
    match cell.signum() {
        0 => 0.0,
        1 => low_edge(size) + share * width(size),
        _ => -(low_edge(size) + (1.0 - share) * width(size)),
    }
}

/// Lower edge of the cells ±`size`, as a magnitude; `size` is at least 1.
fn low_edge(size: u16) -> f64 {
    let first = u64::from(Scale::Plain.key(TINY) >> CELL_SHIFT);
    Scale::Plain.edge((first + u64::from(size).saturating_sub(1)) << CELL_SHIFT)
}

fn width(size: u16) -> f64 {
    if size > CELLS.unsigned_abs() {
        return 0.0; // the last cell has no upper edge
    }
    low_edge(size + 1) - low_edge(size)
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

    #[test]
    fn a_number_lies_in_its_cell() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..20_000 {
            let x = libm::exp2(random.f64() * 61.0 - 20.0);
            let cell = cell_of(x);
            assert!((1..=CELLS).contains(&cell), "{x:e}");
            assert_eq!(cell_of(-x), -cell);
            assert!(inside(cell, 0.0) <= x && x < inside(cell, 1.0), "{x:e}");
            assert!(inside(cell, 1.0) <= inside(cell, 0.0) * 1.125);
            assert_eq!(inside(-cell, 1.0), -inside(cell, 0.0));
        }
    }

    #[test]
    fn the_ends_are_cells_too() {
        let cells = [0.0, -0.0, f64::NAN, 9e-7, 1e-6, -1e-6].map(cell_of);
        assert_eq!(cells, [0, 0, 0, 0, 1, -1]);
        let far = [2.19e12, 2.2e12, f64::MAX, f64::INFINITY, f64::MIN].map(cell_of);
        assert_eq!(far, [488, 489, 489, 489, -489]);
        assert_eq!(inside(489, 0.7), 2_f64.powi(41));
    }

    #[test]
    fn quantiles_are_near_the_sorted_sample() {
        let mut random = fastrand::Rng::with_seed(4);
        let mut numbers: Vec<f64> = (0..5_000)
            .map(|_| libm::exp(12.0 * random.f64() - 4.0) * [1.0, -1.0][random.usize(0..2)])
            .collect();
        let mut counts = GridCounts::default();
        numbers.iter().for_each(|x| counts.add(*x, 1));
        for sizes in [false, true] {
            if sizes {
                numbers.iter_mut().for_each(|x| *x = x.abs());
                counts = counts.magnitudes();
            }
            numbers.sort_by(f64::total_cmp);
            for q in [0.01, 0.25, 0.5, 0.95, 1.0] {
                let rank = (q * 5_000.0_f64).ceil() as usize;
                let (x, ours) = (numbers[rank - 1], counts.quantile(q).unwrap());
                assert!((ours - x).abs() <= x.abs() / 8.0, "{q}: {ours} for {x}");
            }
        }
    }

    #[test]
    fn a_debt_has_no_quantile() {
        let mut counts = GridCounts::default();
        assert_eq!(counts.quantile(0.5), None);
        counts.add(3.0, 2);
        counts.add(900.0, -1);
        assert_eq!(counts.quantile(0.5), None);
        counts.add(900.0, 1);
        assert!(counts.quantile(1.0).unwrap() <= 3.25);
    }
}

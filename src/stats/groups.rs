//! Groups: the few piles of cells on which PSI and the likelihood ratio are computed, drawn from the reference alone.
//!
//! **Intuition.** A tenth of the reference per group, as deciles are, but never cutting through a value that is common
//! by itself, and always with a place for what the reference never saw between or beside such values.
//!
//! **Formula** (R events in the reference, on the cells of the common level). Numbers: (1) a cell with at least R/10 is
//! a group of exactly that cell; (2) each maximal run of other cells between such cells, of mass M ≥ R/20, is cut into
//! g = max(1, round(10M/R)) groups, a cell going to group ⌊g × (mass before it in the run + half its own) ÷ M⌋; (3) all
//! shorter runs form the rest, which exists even empty. Categories: (1) the cells with at least 1 %, at most 50 of them
//! (count descending, key ascending); (2) and (3) the others in key order as one run. A cell that only the window has
//! joins the group of the next lower reference cell; if that is a group by (1) or there is none, of the next higher; else
//! the rest.
//!
//! **Assumptions and limits.** Groups are exact integers in any order of merging. Categories above level 0 are groups of
//! hashes: sound, but nearly blind to one small category, for which there is `surge`.
//!
//! **Cost.** Linear in the cells, one pass to place and one to sum. **Rejected.** Bins drawn from window and reference
//! together: one outlier of 1,000 in 10,000 rows turns a PSI of 1.00 into 0.0001. Intervals without the rest: a feature that was
//! constant could turn into anything at PSI 0.

use super::cells::{Pair, PairedCell};

/// The rest is the first group.
const REST: usize = 0;
/// Categories that may be groups by themselves.
const CATEGORIES_MAX: usize = 50;

/// A cell on its way into a group; `None` until it has one.
struct Placed {
    counts: Pair,
    alone: bool,
    group: Option<usize>,
}

/// The groups of a numeric feature that hold anything; cells by ascending index.
#[must_use]
pub fn number_groups(cells: &[PairedCell]) -> Vec<Pair> {
    let total = reference_total(cells);
    let mut placed = place(cells, |cell| 10 * cell.counts.reference >= total);
    let mut next = alone_by_themselves(&mut placed);
    let mut all: Vec<&mut Placed> = placed.iter_mut().collect();
    for run in all.split_mut(|cell| cell.alone) {
        next += cut(run, total, next);
    }
    sums(placed, next)
}

/// The groups of a categorical feature that hold anything; cells by ascending key.
#[must_use]
pub fn category_groups(cells: &[PairedCell]) -> Vec<Pair> {
    let total = reference_total(cells);
    let common = common_categories(cells, total);
    let mut placed = place(cells, |cell| common.binary_search(&cell.index).is_ok());
    let mut next = alone_by_themselves(&mut placed);
    let mut others: Vec<&mut Placed> = placed.iter_mut().filter(|cell| !cell.alone).collect();
    next += cut(&mut others, total, next);
    sums(placed, next)
}

fn reference_total(cells: &[PairedCell]) -> u64 {
    cells.iter().map(|cell| cell.counts.reference).sum()
}

/// Keys of the categories that are groups by themselves, ascending.
fn common_categories(cells: &[PairedCell], total: u64) -> Vec<u32> {
    let mut common: Vec<&PairedCell> = cells
        .iter()
        .filter(|cell| cell.counts.reference > 0 && 100 * cell.counts.reference >= total)
        .collect();
    common.sort_by_key(|cell| (std::cmp::Reverse(cell.counts.reference), cell.index));
    common.truncate(CATEGORIES_MAX);
    let mut keys: Vec<u32> = common.iter().map(|cell| cell.index).collect();
    keys.sort_unstable();
    keys
}

fn place(cells: &[PairedCell], alone: impl Fn(&PairedCell) -> bool) -> Vec<Placed> {
    cells
        .iter()
        .map(|cell| Placed {
            counts: cell.counts,
            alone: cell.counts.reference > 0 && alone(cell),
            group: None,
        })
        .collect()
}

/// Rule (1); returns the next free group.
fn alone_by_themselves(placed: &mut [Placed]) -> usize {
    let mut next = REST + 1;
    for cell in placed.iter_mut().filter(|cell| cell.alone) {
        cell.group = Some(next);
        next += 1;
    }
    next
}

/// Rules (2) and (3) for one run; returns how many groups it opened, from `first` on.
///
/// Twice the mass keeps halves whole; counts stay far below 2⁵⁸, so nothing overflows.
fn cut(run: &mut [&mut Placed], total: u64, first: usize) -> usize {
    let mass: u64 = run.iter().map(|cell| cell.counts.reference).sum();
    let known = run.iter_mut().filter(|cell| cell.counts.reference > 0);
    if mass == 0 || 20 * mass < total {
        known.for_each(|cell| cell.group = Some(REST));
        return 0;
    }
    let opened = ((20 * mass + total) / (2 * total)).max(1);
    let mut before = 0;
    for cell in known {
        let own = cell.counts.reference;
        let nth = opened * (2 * before + own) / (2 * mass);
        cell.group = Some(first + nth as usize);
        before += own;
    }
    opened as usize
}

/// Places what only the window has, and adds everything up.
fn sums(mut placed: Vec<Placed>, groups: usize) -> Vec<Pair> {
    let above: Vec<Option<usize>> = open_neighbours(placed.iter().rev()).collect();
    let below: Vec<Option<usize>> = open_neighbours(placed.iter()).collect();
    for ((cell, below), above) in placed.iter_mut().zip(below).zip(above.into_iter().rev()) {
        cell.group = cell.group.or(below).or(above);
    }
    let mut sums = vec![Pair::default(); groups];
    for cell in placed {
        if let Some(sum) = sums.get_mut(cell.group.unwrap_or(REST)) {
            sum.add(cell.counts);
        }
    }
    sums.retain(|pair| pair.sum() > 0);
    sums
}

/// For each cell the group of the last reference cell passed, if a stranger may join it.
fn open_neighbours<'a>(
    cells: impl Iterator<Item = &'a Placed>,
) -> impl Iterator<Item = Option<usize>> {
    cells.scan(None, |last, cell| {
        if cell.group.is_some() {
            *last = cell.group.filter(|_| !cell.alone);
        }
        Some(*last)
    })
}

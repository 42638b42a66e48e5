//! Groups of cells on which PSI and the likelihood ratio are computed. The reference alone defines them.
//!
//! **Intuition.** Each group holds about a tenth of the reference, as deciles do. But a value that is common on its own
//! gets its own group, and there is always a group for values that the reference never saw between or beside such
//! values.
//!
//! **Formula** (R events in the reference, on the cells of the common level). Numbers: (1) a cell with at least R/10
//! events is a group of exactly that cell; (2) each maximal run of other cells between such cells, with mass M ≥ R/20,
//! is cut into g = max(1, round(10M/R)) groups, and a cell goes to group ⌊g × (mass before it in the run + half its
//! own) ÷ M⌋; (3) all shorter runs form the rest, which exists even if empty. Categories: (1) the cells with at least
//! 1 %, at most 50 of them (by descending count, then ascending key); (2) and (3) the other cells in key order as one
//! run. A cell that only the window has joins the group of the next lower reference cell. If that is a group by (1), or
//! if there is none, it joins the group of the next higher reference cell; otherwise the rest.
//!
//! **Assumptions and limits.** Groups are exact integers for any order of merging. Above level 0, categories are groups
//! of hashes: this is sound, but nearly blind to one small category. The detector `surge` covers that case.
//!
//! **Cost.** Linear in the number of cells: one pass to place and one to sum. **Rejected.** Bins from window and
//! reference together: one outlier of 1,000 in 10,000 rows turns a PSI of 1.00 into 0.0001. Intervals without the rest:
//! a feature that was constant could change to any value at PSI 0.

use super::cells::{Pair, PairedCell};

/// Index of the rest, which is the first group.
const REST: usize = 0;
/// Maximum number of categories that form a group of their own.
const CATEGORIES_MAX: usize = 50;

/// Cell with its group; `None` until a group is assigned.
struct Placed {
    counts: Pair,
    alone: bool,
    group: Option<usize>,
}

/// Groups of a numeric feature that hold at least one event. `cells` must be in ascending order of index.
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

/// Groups of a categorical feature that hold at least one event. `cells` must be in ascending order of key.
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

/// Keys of the categories that form a group of their own, ascending.
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

/// Applies rule (1) and returns the next free group number.
fn alone_by_themselves(placed: &mut [Placed]) -> usize {
    let mut next = REST + 1;
    for cell in placed.iter_mut().filter(|cell| cell.alone) {
        cell.group = Some(next);
        next += 1;
    }
    next
}

/// Applies rules (2) and (3) to one run. Group numbers start at `first`. Returns the number of groups it created.
///
/// Masses are doubled so that halves stay integers. Counts are far below 2⁵⁸, so nothing overflows.
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

/// Assigns a group to the cells that only the window has, and adds up all cells.
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

/// For each cell, the group of the last reference cell passed, if cells unknown to the reference may join that group.
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

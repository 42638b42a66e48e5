//! Groups of cells on which PSI and the likelihood ratio are computed. The reference alone defines them.
//!
//! **Intuition.** Each group holds about a tenth of the reference, as deciles do. But a value that is common on its own
//! gets its own group, and there is always a group for values that the reference never saw between or beside such
//! values. The groups of a reference never change, so the counts of a window are a few integers: they add up over any
//! number of panes.
//!
//! **Formula** (R events in the reference, on its cells). Numbers: (1) a cell with at least R/10 events is a group of
//! exactly that cell; (2) each maximal run of other cells between such cells, with mass M ≥ R/20, is cut into g = max(1,
//! round(10M/R)) groups, and a cell goes to group ⌊g × (mass before it in the run + half its own) ÷ M⌋; (3) all shorter
//! runs form the rest, which exists even if empty. Categories: (1) the cells with at least 1 %, at most 50 of them (by
//! descending count, then ascending key); (2) and (3) the other cells in key order as one run. A cell that the reference
//! lacks joins the group of the next lower reference cell. If that is a group by (1), or if there is none, it joins the
//! group of the next higher reference cell; otherwise the rest.
//!
//! **Assumptions and limits.** Counts are exact integers for any order of merging. A window whose cells are wider than
//! those of the reference counts each of them where its middle lies. Above level 0, categories are groups of hashes: this
//! is sound, but nearly blind to one small category. The detector `surge` covers that case.
//!
//! **Cost.** Linear in the number of cells: one pass to draw the groups, one to count. **Rejected.** Bins from window
//! and reference together: one outlier of 1,000 in 10,000 rows turns a PSI of 1.00 into 0.0001. Intervals without the
//! rest: a feature that was constant could change to any value at PSI 0.

use super::cells::Pair;
use super::subject_kind::SubjectKind;
use crate::sketch::Cell;

/// Index of the rest, which is the first group.
const REST: usize = 0;
/// Maximum number of categories that form a group of their own.
const CATEGORIES_MAX: usize = 50;

/// The groups of a reference: where each begins on the axis of its cells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grouping {
    level: u8,
    groups: usize,
    /// First index of each stretch of cells of one group, ascending; the first stretch begins at 0.
    stretches: Vec<Stretch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    from: u32,
    group: usize,
}

impl Grouping {
    /// Draws the groups of a reference with these `cells`, ascending, at `level`.
    #[must_use]
    pub fn of(kind: SubjectKind, cells: &[Cell], level: u8) -> Self {
        let (placed, groups) = match kind {
            SubjectKind::Numbers => number_groups(cells),
            SubjectKind::Categories => category_groups(cells),
        };
        Self {
            level,
            groups,
            stretches: stretches(&placed),
        }
    }

    /// Number of groups, including those that the reference leaves empty.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups
    }

    /// True if there is no group, because the reference holds no such values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups == 0
    }

    /// Counts `cells`, ascending, of a histogram at `level` by group.
    #[must_use]
    pub fn count(&self, cells: &[Cell], level: u8) -> Vec<u64> {
        let mut counts = vec![0; self.groups];
        let mut stretches = self.stretches.iter().peekable();
        let mut group = REST;
        for cell in cells {
            let index = self.index(cell.index, level);
            while let Some(stretch) = stretches.next_if(|stretch| stretch.from <= index) {
                group = stretch.group;
            }
            if let Some(count) = counts.get_mut(group) {
                *count += cell.count;
            }
        }
        counts
    }

    /// Group of a cell with this index at `level`.
    #[must_use]
    pub fn group_of(&self, index: u32, level: u8) -> usize {
        let index = self.index(index, level);
        let begun = self
            .stretches
            .partition_point(|stretch| stretch.from <= index);
        let stretch = begun.checked_sub(1).and_then(|at| self.stretches.get(at));
        stretch.map_or(REST, |stretch| stretch.group)
    }

    /// The groups in the order of their first values, without the one for what the reference lacks.
    #[must_use]
    pub fn along_axis(&self) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::new();
        let groups = self.stretches.iter().map(|stretch| stretch.group);
        for group in groups.filter(|group| *group != REST) {
            if !order.contains(&group) {
                order.push(group);
            }
        }
        order
    }

    /// The place of a cell of another level: that of its middle, if it is wider than the cells of the reference.
    fn index(&self, index: u32, level: u8) -> u32 {
        if level <= self.level {
            let shift = u32::from(self.level - level);
            return index.checked_shr(shift).unwrap_or(0);
        }
        let shift = u32::from(level - self.level);
        let first = u64::from(index).checked_shl(shift).unwrap_or(u64::MAX);
        let half = 1_u64.checked_shl(shift - 1).unwrap_or(u64::MAX);
        u32::try_from(first.saturating_add(half)).unwrap_or(u32::MAX)
    }
}

/// Merges groups, in their order, so that about `wanted` remain with equal shares of the reference. A window of few events
/// cannot fill many groups, and the law of the likelihood ratio fails on groups that it leaves empty.
#[must_use]
pub fn fewer(groups: &[Pair], wanted: usize) -> Vec<Pair> {
    if groups.len() <= wanted {
        return groups.to_vec();
    }
    let (wanted, total) = (wanted as u64, Pair::total(groups).reference.max(1));
    let mut merged = vec![Pair::default(); wanted as usize];
    let mut before = 0;
    for group in groups {
        let middle = 2 * before + group.reference;
        let nth = (wanted * middle / (2 * total)).min(wanted - 1);
        if let Some(sum) = merged.get_mut(nth as usize) {
            sum.add(*group);
        }
        before += group.reference;
    }
    merged.retain(|group| group.sum() > 0);
    merged
}

/// Cell with its group; `None` until a group is assigned.
struct Placed {
    cell: Cell,
    alone: bool,
    group: Option<usize>,
}

impl Placed {
    /// Its group, if values that the reference lacks may join it.
    fn open_group(&self) -> Option<usize> {
        self.group.filter(|_| !self.alone)
    }
}

fn number_groups(cells: &[Cell]) -> (Vec<Placed>, usize) {
    let total = total(cells);
    let mut placed = place(cells, |cell| 10 * cell.count >= total);
    let mut next = alone_by_themselves(&mut placed);
    let mut all: Vec<&mut Placed> = placed.iter_mut().collect();
    for run in all.split_mut(|cell| cell.alone) {
        next += cut(run, total, next);
    }
    (placed, next)
}

fn category_groups(cells: &[Cell]) -> (Vec<Placed>, usize) {
    let total = total(cells);
    let common = common_categories(cells, total);
    let mut placed = place(cells, |cell| common.binary_search(&cell.index).is_ok());
    let mut next = alone_by_themselves(&mut placed);
    let mut others: Vec<&mut Placed> = placed.iter_mut().filter(|cell| !cell.alone).collect();
    next += cut(&mut others, total, next);
    (placed, next)
}

fn total(cells: &[Cell]) -> u64 {
    cells.iter().map(|cell| cell.count).sum()
}

/// Keys of the categories that form a group of their own, ascending.
fn common_categories(cells: &[Cell], total: u64) -> Vec<u32> {
    let mut common: Vec<&Cell> = cells
        .iter()
        .filter(|cell| 100 * cell.count >= total)
        .collect();
    common.sort_by_key(|cell| (std::cmp::Reverse(cell.count), cell.index));
    common.truncate(CATEGORIES_MAX);
    let mut keys: Vec<u32> = common.iter().map(|cell| cell.index).collect();
    keys.sort_unstable();
    keys
}

fn place(cells: &[Cell], alone: impl Fn(&Cell) -> bool) -> Vec<Placed> {
    let placed = |cell: &Cell| Placed {
        cell: *cell,
        alone: alone(cell),
        group: None,
    };
    cells.iter().map(placed).collect()
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
    let mass: u64 = run.iter().map(|placed| placed.cell.count).sum();
    if mass == 0 || 20 * mass < total {
        run.iter_mut().for_each(|placed| placed.group = Some(REST));
        return 0;
    }
    let opened = ((20 * mass + total) / (2 * total)).max(1);
    let mut before = 0;
    for placed in run {
        let own = placed.cell.count;
        let nth = opened * (2 * before + own) / (2 * mass);
        placed.group = Some(first + nth as usize);
        before += own;
    }
    opened as usize
}

/// The stretches of the whole axis: each reference cell, and the gaps before, between and after them.
fn stretches(placed: &[Placed]) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut push = |from: u32, group: Option<usize>| {
        let group = group.unwrap_or(REST);
        if stretches.last().is_none_or(|last| last.group != group) {
            stretches.push(Stretch { from, group });
        }
    };
    push(0, placed.first().and_then(Placed::open_group));
    for (nth, here) in placed.iter().enumerate() {
        push(here.cell.index, here.group);
        let above = placed.get(nth + 1);
        let gap = here.cell.index.saturating_add(1);
        if above.is_none_or(|above| above.cell.index > gap) {
            let neighbour = above.and_then(Placed::open_group);
            push(gap, here.open_group().or(neighbour));
        }
    }
    stretches
}

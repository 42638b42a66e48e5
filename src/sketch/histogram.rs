//! The adaptive histogram: exact counts on at most `limit` cells, the same bits in any order of merging.
//!
//! **Intuition.** Keys are integers in the order of the values. Look at them through a lens of `key >> level`, and use
//! the *smallest* level at which the distinct cells fit into the limit. The number of distinct cells only falls with
//! the level and only grows with the set of keys, so that level is a function of the set alone: merging to the coarser
//! level, then raising while there are too many, gives what one pass over all keys would have given.
//!
//! **Assumptions and limits.** Keys carry the resolution (see `key`). The level only grows: {1,2,3} − {3} stays coarse, so
//! nothing is ever subtracted and sliding windows merge their panes anew. Half of the values being tiny noise of wildly
//! different magnitude makes the cells of the other half coarse; a comparison then says so.
//!
//! **Cost.** A push appends four bytes; every [`PENDING_MAX`] pushes are sorted and run-length encoded. 2–8 bytes a cell
//! on the wire.
//!
//! **Source.** The idea of OpenTelemetry's exponential histogram and of UDDSketch (Epicoco et al. 2020), on the bits of
//! the double instead of logarithms: no scale to choose, and integers and years stay exact. Rejected: KLL, t-digest and
//! frequent-items, whose state depends on the order of merging; edges frozen with a reference, which would need the
//! reference before the first event could be counted.

use serde::{Deserialize, Serialize};

use super::Monoid;

/// Pushes between two sorts of the open histogram: 4 KB, within the first-level cache.
const PENDING_MAX: usize = 1_024;
/// Levels above which every key is in one cell.
const LEVEL_MAX: u8 = 32;
/// Version of the serialised form.
const FORMAT: u8 = 1;

/// One cell: `index` is `key >> level`, `count` is at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The key of the cell at the histogram's level.
    pub index: u32,
    /// Values counted.
    pub count: u64,
}

/// Exact counts on at most `LIMIT` sorted cells; the frozen form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Histogram<const LIMIT: usize> {
    level: u8,
    cells: Vec<Cell>,
}

impl<const LIMIT: usize> Histogram<LIMIT> {
    /// The bits by which keys are shifted to give cell indices, 0..=32.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The cells, by ascending index.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Values counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.cells.iter().map(|c| c.count).sum()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The same counts seen at a coarser (or the same) level.
    #[must_use]
    pub fn at_level(&self, level: u8) -> Self {
        let mut coarse = self.clone();
        coarse.raise_to(level);
        coarse
    }

    fn raise_to(&mut self, level: u8) {
        if level <= self.level {
            return;
        }
        let shift = u32::from(level - self.level);
        self.level = level;
        for cell in &mut self.cells {
            cell.index = cell.index.checked_shr(shift).unwrap_or(0);
        }
        join_equal(&mut self.cells);
    }

    /// Raises to the smallest level at which the cells fit.
    fn fit(&mut self) {
        while self.cells.len() > LIMIT && self.level < LEVEL_MAX {
            self.raise_to(self.level + 1);
        }
    }

    /// Adds sorted cells of this histogram's level.
    fn add_sorted(&mut self, other: &[Cell]) {
        self.cells = merge_sorted(&self.cells, other);
        self.fit();
    }
}

impl<const LIMIT: usize> Monoid for Histogram<LIMIT> {
    fn merge(&mut self, other: &Self) {
        if other.level > self.level {
            self.raise_to(other.level);
        }
        if other.level < self.level {
            self.add_sorted(&other.at_level(self.level).cells);
        } else {
            self.add_sorted(&other.cells);
        }
    }
}

/// Adds up neighbours of equal index.
fn join_equal(cells: &mut Vec<Cell>) {
    cells.dedup_by(|later, kept| {
        let same = later.index == kept.index;
        if same {
            kept.count += later.count;
        }
        same
    });
}

fn merge_sorted(a: &[Cell], b: &[Cell]) -> Vec<Cell> {
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(l), Some(r)) = (left.peek(), right.peek()) {
        let next = match l.index.cmp(&r.index) {
            std::cmp::Ordering::Less => **l,
            std::cmp::Ordering::Greater => **r,
            std::cmp::Ordering::Equal => Cell {
                index: l.index,
                count: l.count + r.count,
            },
        };
        left.next_if(|c| c.index == next.index);
        right.next_if(|c| c.index == next.index);
        merged.push(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

/// The open form: takes keys one by one, in any order.
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

    /// What was counted; the buffer is empty afterwards and keeps its memory.
    pub fn freeze(&mut self) -> Histogram<LIMIT> {
        self.settle();
        std::mem::take(&mut self.frozen)
    }

    fn settle(&mut self) {
        self.pending.sort_unstable();
        let shift = u32::from(self.frozen.level);
        let mut cells: Vec<Cell> = Vec::with_capacity(64);
        for key in self.pending.drain(..) {
            let index = key.checked_shr(shift).unwrap_or(0);
            match cells.last_mut() {
                Some(last) if last.index == index => last.count += 1,
                _ => cells.push(Cell { index, count: 1 }),
            }
        }
        self.frozen.add_sorted(&cells);
    }
}

/// The serialised form: indices as differences, so that they are short as varints.
#[derive(Serialize, Deserialize)]
struct Wire {
    format: u8,
    limit: u16,
    level: u8,
    cells: Vec<(u32, u64)>,
}

impl<const LIMIT: usize> From<Histogram<LIMIT>> for Wire {
    fn from(histogram: Histogram<LIMIT>) -> Self {
        let mut last = 0;
        let step = |cell: &Cell| {
            let delta = cell.index - last;
            last = cell.index;
            (delta, cell.count)
        };
        Self {
            format: FORMAT,
            limit: LIMIT as u16,
            level: histogram.level,
            cells: histogram.cells.iter().map(step).collect(),
        }
    }
}

/// Bytes that are no histogram of this kind.
#[derive(Debug, thiserror::Error)]
#[error("not an adaptive histogram of this kind: {0}")]
pub struct BadHistogram(&'static str);

impl<const LIMIT: usize> TryFrom<Wire> for Histogram<LIMIT> {
    type Error = BadHistogram;

    fn try_from(wire: Wire) -> Result<Self, BadHistogram> {
        if wire.format != FORMAT {
            return Err(BadHistogram("unknown format"));
        }
        if usize::from(wire.limit) != LIMIT || wire.cells.len() > LIMIT || wire.level > LEVEL_MAX {
            return Err(BadHistogram("limit or level out of range"));
        }
        let mut cells: Vec<Cell> = Vec::with_capacity(wire.cells.len());
        for (delta, count) in wire.cells {
            let index = match cells.last() {
                None => Some(delta),
                Some(last) => last.index.checked_add(delta).filter(|_| delta > 0),
            };
            match index {
                Some(index) if count > 0 => cells.push(Cell { index, count }),
                _ => return Err(BadHistogram("cells out of order or empty")),
            }
        }
        Ok(Self {
            level: wire.level,
            cells,
        })
    }
}

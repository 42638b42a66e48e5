//! Numbers: an adaptive histogram with the exact minimum and maximum beside it.

use serde::{Deserialize, Serialize};

use super::Monoid;
use super::buffer::HistogramBuffer;
use super::histogram::Histogram;
use super::key::Scale;

/// Cells of a histogram of numbers: |KS − raw| ≤ 0.001 on nine shapes, about 1 KB.
pub const NUMBER_CELLS: usize = 512;

/// The exact smallest and largest value seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

/// The distribution of finite numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Numbers {
    /// Counts by key; which key is the owner's knowledge.
    pub histogram: Histogram<NUMBER_CELLS>,
    /// `None` while empty.
    pub range: Option<Range>,
}

impl Numbers {
    /// The value at rank `q` (0..=1), by interpolation inside its cell; `None` while empty.
    #[must_use]
    pub fn quantile(&self, scale: Scale, q: f64) -> Option<f64> {
        let range = self.range?;
        let rank = q.clamp(0.0, 1.0) * self.histogram.total() as f64;
        let mut before = 0.0;
        for cell in self.histogram.cells() {
            let count = cell.count as f64;
            if before + count >= rank {
                let (low, high) = self.edges(scale, cell.index)?;
                let share = ((rank - before) / count).clamp(0.0, 1.0);
                return Some(low + (high - low) * share);
            }
            before += count;
        }
        Some(range.max)
    }

    /// Lower and upper edge of the cell at `index`, clamped to the exact range; `None` while empty.
    #[must_use]
    pub fn edges(&self, scale: Scale, index: u32) -> Option<(f64, f64)> {
        let range = self.range?;
        let level = u32::from(self.histogram.level());
        let low = scale
            .edge(u64::from(index) << level)
            .clamp(range.min, range.max);
        let high = scale
            .edge((u64::from(index) + 1) << level)
            .clamp(range.min, range.max);
        Some((low, high))
    }
}

impl Range {
    fn of(x: f64) -> Self {
        Self { min: x, max: x }
    }

    fn cover(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(Self {
                min: a.min.min(b.min),
                max: a.max.max(b.max),
            }),
            (one, other) => one.or(other),
        }
    }
}

impl Monoid for Numbers {
    fn merge(&mut self, other: &Self) {
        self.histogram.merge(&other.histogram);
        self.range = Range::cover(self.range, other.range);
    }
}

/// The open form of [`Numbers`].
#[derive(Debug, Clone, Default)]
pub(super) struct NumbersBuffer {
    histogram: HistogramBuffer<NUMBER_CELLS>,
    range: Option<Range>,
}

impl NumbersBuffer {
    pub(super) fn push(&mut self, scale: Scale, x: f64) {
        let x = x + 0.0; // −0.0 becomes 0.0
        self.histogram.push(scale.key(x));
        self.range = Range::cover(self.range, Some(Range::of(x)));
    }

    pub(super) fn freeze(&mut self) -> Numbers {
        Numbers {
            histogram: self.histogram.freeze(),
            range: self.range.take(),
        }
    }
}

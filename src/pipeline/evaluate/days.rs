//! Days of a reference, by which variability is learned.

use crate::window::{Boundary, COARSE_MINUTES, DAY_MINUTES};

/// Parts of a learning span of less than a day, each taken for a day.
const PARTS_OF_SHORT_SPAN: i64 = 7;
/// Blocks into which a day is divided, at most: windows are taken back by the block.
const BLOCKS_OF_DAY: i64 = 8;

/// The days of a reference, as variability counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    origin: Boundary,
    minutes: i64,
}

impl Days {
    /// Days of a reference that was learned from `origin` on, over `span_minutes` at least. A span of a day or more has days
    /// of 24 hours; a shorter one, which knows no rhythm of a day, has seven parts.
    #[must_use]
    pub fn of(origin: Boundary, span_minutes: i64) -> Self {
        let minutes = if span_minutes >= DAY_MINUTES {
            DAY_MINUTES
        } else {
            let part = (span_minutes / PARTS_OF_SHORT_SPAN).max(COARSE_MINUTES);
            part - part % COARSE_MINUTES
        };
        Self { origin, minutes }
    }

    /// Number of the day in which a window ends at `end`.
    pub(super) fn day(self, end: Boundary) -> i64 {
        (end.0 - 1 - self.origin.0).div_euclid(self.minutes)
    }

    /// True if a day ends at `at`.
    #[must_use]
    pub fn closes_at(self, at: Boundary) -> bool {
        self.closed_at(at).is_some()
    }

    /// The day that ends at `at`; `None` if none does.
    pub(super) fn closed_at(self, at: Boundary) -> Option<i64> {
        let passed = at.0 - self.origin.0;
        (passed.rem_euclid(self.minutes) == 0).then(|| passed.div_euclid(self.minutes) - 1)
    }

    /// Start of the block in which a window ends at `end`.
    pub(super) fn block(self, end: Boundary) -> Boundary {
        let passed = end.0 - 1 - self.origin.0;
        let into_block = passed.rem_euclid(self.block_minutes());
        Boundary(self.origin.0 + passed - into_block)
    }

    pub(super) fn block_end(self, start: Boundary) -> Boundary {
        start.plus_minutes(self.block_minutes())
    }

    /// Length of a block, which divides the day.
    fn block_minutes(self) -> i64 {
        if self.minutes % (BLOCKS_OF_DAY * COARSE_MINUTES) == 0 {
            self.minutes / BLOCKS_OF_DAY
        } else {
            COARSE_MINUTES
        }
    }
}

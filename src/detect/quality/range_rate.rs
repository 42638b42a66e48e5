//! `range_rate`: numbers outside the exact range of the reference.
//!
//! It counts the cells that lie wholly beyond the reference's minimum or maximum, so a value that leaves the range by
//! less than a cell is not seen. A single value outside proves nothing (it would give 59 alerts per feature and month),
//! so the share decides.

use super::rate::{Floor, Observed, Rate};
use crate::detect::Case;
use crate::sketch::{Numbers, Range, Scale};
use crate::stats::SubjectKind;

/// Share of numbers outside the learned range.
pub struct RangeRate;

impl Rate for RangeRate {
    fn name(&self) -> &'static str {
        "range_rate"
    }

    fn floor(&self) -> Floor {
        Floor::From(0.005)
    }

    fn observe(&self, case: &Case<'_>) -> Option<(Observed, Observed)> {
        let reference = &case.reference.sketch;
        SubjectKind::of(reference).filter(|kind| *kind == SubjectKind::Numbers)?;
        let range = reference.numbers.range?;
        let now = Observed {
            count: outside(&case.window.numbers, range, case.subject.scale()),
            total: case.window.types.number,
        };
        let before = Observed {
            count: 0,
            total: reference.types.number,
        };
        Some((now, before))
    }
}

/// Number of values in cells that lie wholly below or above the range.
fn outside(window: &Numbers, range: Range, scale: Scale) -> u64 {
    if window
        .range
        .is_none_or(|own| own.min >= range.min && own.max <= range.max)
    {
        return 0;
    }
    let level = u32::from(window.histogram.level());
    let cell_of = |x: f64| scale.key(x).checked_shr(level).unwrap_or(0);
    let (first, last) = (cell_of(range.min), cell_of(range.max));
    let cells = window.histogram.cells().iter();
    cells
        .filter(|cell| cell.index < first || cell.index > last)
        .map(|cell| cell.count)
        .sum()
}

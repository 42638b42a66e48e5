//! `range_rate`: numbers outside the exact range of the reference.
//!
//! It counts the cells that lie wholly beyond the reference's minimum or maximum, so a value that leaves the range by
//! less than a cell is not seen. A single value outside proves nothing (it would give 59 alerts per feature and month),
//! so the share decides. Of a reference that moves, the share of what was beyond the frozen one is expected.
//!
//! It is of the family of drift, with the rules of a young reference: numbers beyond the range are valid, and come with every wider or
//! shifted distribution. As broken data, they opened a second alert beside that of `psi`, which came and went around its floor.

use crate::detect::quality::rate::{Matters, Rate};
use crate::detect::{Case, Counted, Family, Tally};
use crate::stats::SubjectKind;

/// Share of numbers outside the learned range.
pub struct RangeRate;

impl Rate for RangeRate {
    fn name(&self) -> &'static str {
        "range_rate"
    }

    fn family(&self) -> Family {
        Family::Drift
    }

    fn counted(&self) -> &'static str {
        "numbers beyond the range of the reference"
    }

    fn matters(&self) -> Matters {
        Matters {
            rise: 0.005,
            falls: false,
        }
    }

    fn observe(&self, case: &Case<'_>) -> Option<(Counted, Counted)> {
        let is_numbers = case.baseline.kind == Some(SubjectKind::Numbers);
        let observed = |tally: &Tally| Counted {
            count: tally.beyond,
            total: tally.types.number,
        };
        is_numbers.then(|| (observed(case.window), observed(case.reference.tally)))
    }
}

//! `new_rate`: categories that the reference has never seen.
//!
//! Some features get new categories all the time. The reference itself shows how usual this is: a category that occurs
//! in a single hour of the reference would have been new to a window one hour away. The share of events with such
//! categories is the expected rate. Above level 0, cells are groups of hashes, so a single category cannot be
//! recognized as new. This detector then returns nothing, and `surge` takes its place.

use super::rate::{Floor, Observed, Rate};
use crate::detect::Case;
use crate::stats::{PairedCells, SubjectKind};

/// Share of strings and booleans whose category is new.
pub struct NewRate;

impl Rate for NewRate {
    fn name(&self) -> &'static str {
        "new_rate"
    }

    fn floor(&self) -> Floor {
        Floor::From(0.005)
    }

    fn observe(&self, case: &Case<'_>) -> Option<(Observed, Observed)> {
        let (reference, window) = (&case.reference.sketch, case.window);
        let exact = reference.words.is_exact() && window.words.is_exact();
        SubjectKind::of(reference).filter(|kind| *kind == SubjectKind::Categories && exact)?;
        let paired = PairedCells::of(&reference.words.histogram, &window.words.histogram);
        let strangers = paired.cells.iter().filter(|c| c.counts.reference == 0);
        let now = Observed {
            count: strangers.map(|cell| cell.counts.window).sum(),
            total: paired.total.window,
        };
        let before = Observed {
            count: case.reference.one_hour_events.min(paired.total.reference),
            total: paired.total.reference,
        };
        Some((now, before))
    }
}

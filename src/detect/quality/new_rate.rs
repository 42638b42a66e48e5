//! `new_rate`: categories the reference never saw.
//!
//! Some features get new categories all the time. How ordinary that is shows in the reference itself: the share of its
//! events whose category occurs in a single hour of it is what a window an hour away would have called new. Above level 0
//! cells are groups of hashes and no category is new by itself: nothing is said then, and `surge` stands in.

use super::rate::{Floor, Observed, Rate};
use crate::detect::Case;
use crate::stats::{PairedCells, SubjectKind};

/// The share of strings and truth values that are new.
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

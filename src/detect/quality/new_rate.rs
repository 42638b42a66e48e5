//! `new_rate`: categories that the reference has never seen.
//!
//! Some features get new categories all the time. The reference itself shows how usual this is: a category that occurs
//! in a single hour of the reference would have been new to a window one hour away. The share of events with such
//! categories is the expected rate. Above level 0, cells are groups of hashes, so a single category cannot be
//! recognized as new. This detector then returns nothing, and `surge` takes its place.
//!
//! With a reference that moves, the share of what was new in it is expected: a category that came a month ago is no longer
//! news.

use super::rate::{Matters, Rate};
use crate::detect::{Case, Counted};
use crate::stats::SubjectKind;

/// Share of strings and booleans whose category is new.
pub struct NewRate;

impl Rate for NewRate {
    fn name(&self) -> &'static str {
        "new_rate"
    }

    fn counted(&self) -> &'static str {
        "unseen categories"
    }

    fn matters(&self) -> Matters {
        Matters {
            rise: 0.005,
            falls: false,
        }
    }

    fn observe(&self, case: &Case<'_>) -> Option<(Counted, Counted)> {
        let is_categories = case.baseline.kind == Some(SubjectKind::Categories);
        let reference = case.reference;
        let total = reference.tally.grouped();
        let usual = if reference.kind.moves() {
            reference.tally.new
        } else {
            case.baseline.lone_events
        };
        let now = Counted {
            count: case.window.new,
            total: case.window.grouped(),
        };
        let before = Counted {
            count: usual.min(total),
            total,
        };
        let is_exact = !(case.window.is_inexact || reference.tally.is_inexact);
        (is_categories && is_exact).then_some((now, before))
    }
}

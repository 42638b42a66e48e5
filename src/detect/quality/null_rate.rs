//! `null_rate`: nulls among the events that have the subject.

use super::rate::{Matters, Rate};
use crate::detect::{Case, Counted};
use crate::sketch::TypeCounts;

/// Share of nulls.
pub struct NullRate;

impl Rate for NullRate {
    fn name(&self) -> &'static str {
        "null_rate"
    }

    fn counted(&self) -> &'static str {
        "nulls"
    }

    fn matters(&self) -> Matters {
        Matters {
            rise: 0.01,
            falls: true,
        }
    }

    fn observe(&self, case: &Case<'_>) -> Option<(Counted, Counted)> {
        Some((nulls(case.window.types), nulls(case.reference.tally.types)))
    }
}

fn nulls(types: TypeCounts) -> Counted {
    Counted {
        count: types.null,
        total: types.present(),
    }
}

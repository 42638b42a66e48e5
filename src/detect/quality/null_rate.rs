//! `null_rate`: nulls among the events that have the subject.

use super::rate::{Floor, Observed, Rate};
use crate::detect::Case;
use crate::sketch::TypeCounts;

/// Share of nulls.
pub struct NullRate;

impl Rate for NullRate {
    fn name(&self) -> &'static str {
        "null_rate"
    }

    fn floor(&self) -> Floor {
        Floor::AboveReference(0.01)
    }

    fn observe(&self, case: &Case<'_>) -> Option<(Observed, Observed)> {
        Some((nulls(case.window.types), nulls(case.reference.sketch.types)))
    }
}

fn nulls(types: TypeCounts) -> Observed {
    Observed {
        count: types.null,
        total: types.present(),
    }
}

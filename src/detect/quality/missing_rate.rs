//! `missing_rate`: predictions that lack the subject. A null counts as present.

use super::rate::{Matters, Rate};
use crate::detect::{Case, Counted};
use crate::sketch::TypeCounts;

/// Share of predictions that lack the subject.
pub struct MissingRate;

impl Rate for MissingRate {
    fn name(&self) -> &'static str {
        "missing_rate"
    }

    fn matters(&self) -> Matters {
        Matters {
            rise: 0.01,
            falls: true,
        }
    }

    fn observe(&self, case: &Case<'_>) -> Option<(Counted, Counted)> {
        Some((
            missing(case.window.types, case.predictions),
            missing(case.reference.tally.types, case.reference.predictions),
        ))
    }
}

fn missing(types: TypeCounts, predictions: u64) -> Counted {
    Counted {
        count: predictions.saturating_sub(types.present()),
        total: predictions,
    }
}

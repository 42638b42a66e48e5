//! `missing_rate`: predictions that lack the subject. A null counts as present.

use super::rate::{Floor, Observed, Rate};
use crate::detect::Case;
use crate::sketch::TypeCounts;

/// Share of predictions that lack the subject.
pub struct MissingRate;

impl Rate for MissingRate {
    fn name(&self) -> &'static str {
        "missing_rate"
    }

    fn floor(&self) -> Floor {
        Floor::AboveReference(0.01)
    }

    fn observe(&self, case: &Case<'_>) -> Option<(Observed, Observed)> {
        Some((
            missing(case.window.types, case.predictions),
            missing(case.reference.sketch.types, case.reference_predictions),
        ))
    }
}

fn missing(types: TypeCounts, predictions: u64) -> Observed {
    Observed {
        count: predictions.saturating_sub(types.present()),
        total: predictions,
    }
}

//! `missing_rate`: predictions that lack the subject. A null counts as present.
//!
//! A prediction that failed often has no answer, no tokens and no cost. So as many of the predictions that lack a field of
//! the answer are left out as have failed: a rise of errors is the matter of `error_rate` alone.

use super::rate::{Matters, Rate};
use crate::detect::{Case, Counted};
use crate::sketch::{Subject, TypeCounts};

/// Share of predictions that lack the subject.
pub struct MissingRate;

impl Rate for MissingRate {
    fn name(&self) -> &'static str {
        "missing_rate"
    }

    fn counted(&self) -> &'static str {
        "missing"
    }

    fn matters(&self) -> Matters {
        Matters {
            rise: 0.01,
            falls: true,
        }
    }

    fn observe(&self, case: &Case<'_>) -> Option<(Counted, Counted)> {
        let reference = case.reference;
        let missing =
            |types, predictions, errors| missing(case.subject, types, predictions, errors);
        Some((
            missing(case.window.types, case.predictions, case.errors),
            missing(
                reference.tally.types,
                reference.predictions,
                reference.errors,
            ),
        ))
    }
}

fn missing(subject: &Subject, types: TypeCounts, predictions: u64, errors: u64) -> Counted {
    let absent = predictions.saturating_sub(types.present());
    let excused = if subject.is_of_answer() {
        errors.min(absent)
    } else {
        0
    };
    Counted {
        count: absent - excused,
        total: predictions.saturating_sub(excused),
    }
}

//! `error_rate`: predictions with status `error`.
//!
//! It is of the family of broken data: a model that fails more often is broken, whatever its answers look like. Its alert is that of
//! the operation of the model.

use super::rate::{Matters, Rate};
use crate::detect::{Case, Counted};
use crate::sketch::Subject;

/// Share of failed predictions.
pub struct ErrorRate;

impl Rate for ErrorRate {
    fn name(&self) -> &'static str {
        "error_rate"
    }

    fn counted(&self) -> &'static str {
        "errors"
    }

    fn matters(&self) -> Matters {
        Matters {
            rise: 0.01,
            falls: false,
        }
    }

    fn concerns(&self, subject: &Subject) -> bool {
        *subject == Subject::Errors
    }

    fn observe(&self, case: &Case<'_>) -> Option<(Counted, Counted)> {
        let failed = |count, total| Counted { count, total };
        Some((
            failed(case.errors, case.predictions),
            failed(case.reference.errors, case.reference.predictions),
        ))
    }
}

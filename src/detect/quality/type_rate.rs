//! `type_rate`: values of another type than the reference's majority. NaN and infinities are a type of their own.

use super::rate::{Matters, Rate};
use crate::detect::{Case, Counted};
use crate::sketch::TypeCounts;

/// Share of values, without nulls, whose type differs from the reference's majority.
pub struct TypeRate;

impl Rate for TypeRate {
    fn name(&self) -> &'static str {
        "type_rate"
    }

    fn counted(&self) -> &'static str {
        "values of another type"
    }

    fn matters(&self) -> Matters {
        Matters {
            rise: 0.005,
            falls: false,
        }
    }

    fn observe(&self, case: &Case<'_>) -> Option<(Counted, Counted)> {
        let majority = majority(case.baseline.tally.types);
        let others = |types: TypeCounts| {
            let total = types.present() - types.null;
            Counted {
                count: total - majority(types),
                total,
            }
        };
        Some((
            others(case.window.types),
            others(case.reference.tally.types),
        ))
    }
}

/// Returns the function that reads the count of the most common type. On a tie, the first in the order of the fields.
fn majority(reference: TypeCounts) -> fn(TypeCounts) -> u64 {
    let types: [fn(TypeCounts) -> u64; 5] = [
        |types| types.number,
        |types| types.text,
        |types| types.boolean,
        |types| types.vector,
        |types| types.not_finite,
    ];
    let [first, others @ ..] = types;
    others.into_iter().fold(first, |most, other| {
        if other(reference) > most(reference) {
            other
        } else {
            most
        }
    })
}

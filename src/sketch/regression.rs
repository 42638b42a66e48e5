//! Predicted against true values of a regression: exact sums, and counts of the errors.

use serde::{Deserialize, Serialize};

use super::Monoid;
use super::exact::ExactSum;
use super::grid::GridCounts;

/// Largest magnitude of a value that is counted. Squares, their sums and their products then fit in a double.
pub const VALUE_MAX: f64 = 1e130;

/// Sums over pairs of a predicted and a true value. All are signed, so that a pair can be taken back exactly.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Regression {
    /// Number of pairs.
    pub pairs: i64,
    /// Σ y, where y is the true value.
    pub truths: ExactSum,
    /// Σ y².
    pub truths_squared: ExactSum,
    /// Σ e, where e is the error: predicted − true.
    pub errors: ExactSum,
    /// Σ |e|.
    pub errors_absolute: ExactSum,
    /// Σ e².
    pub errors_squared: ExactSum,
    /// Counts of the signed errors on the fixed grid.
    pub error_cells: GridCounts,
}

/// Predicted value and true value of one prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Values {
    /// Predicted value.
    pub predicted: f64,
    /// True value.
    pub truth: f64,
}

impl Values {
    /// True if both values are finite and their magnitudes are at most [`VALUE_MAX`].
    #[must_use]
    pub fn are_countable(self) -> bool {
        self.predicted.abs() <= VALUE_MAX && self.truth.abs() <= VALUE_MAX
    }
}

impl Regression {
    /// Counts a pair or takes it back.
    pub fn add(&mut self, pair: Values, direction: Direction) {
        let (y, e) = (pair.truth, pair.predicted - pair.truth);
        let (times, sign) = (direction.times(), direction.times() as f64);
        self.pairs = self.pairs.wrapping_add(times);
        self.truths.add(sign * y);
        self.truths_squared.add_square(y, times);
        self.errors.add(sign * e);
        self.errors_absolute.add(sign * e.abs());
        self.errors_squared.add_square(e, times);
        self.error_cells.add(e, times);
    }
}

/// Direction of a change: counted or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The truth became known.
    Count,
    /// The truth turned out to be wrong.
    TakeBack,
}

impl Direction {
    /// Returns 1 or −1.
    #[must_use]
    pub fn times(self) -> i64 {
        match self {
            Self::Count => 1,
            Self::TakeBack => -1,
        }
    }
}

impl Monoid for Regression {
    fn merge(&mut self, other: &Self) {
        self.pairs = self.pairs.wrapping_add(other.pairs);
        self.truths.merge(&other.truths);
        self.truths_squared.merge(&other.truths_squared);
        self.errors.merge(&other.errors);
        self.errors_absolute.merge(&other.errors_absolute);
        self.errors_squared.merge(&other.errors_squared);
        self.error_cells.merge(&other.error_cells);
    }
}

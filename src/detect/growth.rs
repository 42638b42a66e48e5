//! Growth: recognises numbers that only grow, such as a row number or a time since 1970.
//!
//! **Intuition.** Such a feature leaves the range of any reference within the hour and never comes back. It says nothing about
//! the model, and its alert would never end. What grows lies higher in every quarter of an hour than in all before it, for as
//! long as anybody looks.
//!
//! **Formula.** A quarter of an hour has risen if its lower quartile lies above the largest upper quartile of all earlier ones.
//! One whose lower quartile lies below it has fallen; an equal one says nothing. Numbers only grow once at least
//! [`RISES_MIN`] quarters have risen without a fall, over at least the time from which a reference is learned.
//!
//! **Assumptions and limits.** A fall ends it at once, and the largest quartile is kept: a clock (the hour of the day, the minute
//! of the week) falls when it starts over, and never lies above all before again. What is learned from a day is only certain a
//! quarter of an hour later, when a clock of the day would have fallen. Quartiles forgive a quarter of odd values and of
//! disorder. What rises once a day is certain after eight days. A feature whose quarters overlap is never certain, however
//! much it trends. Independent values lie above k earlier quarters with a chance of 1 in k+1 at most, eight times in a row
//! with one in 360,000.
//!
//! **Cost.** Two quantiles of each feature in a quarter of an hour; 40 bytes of state. **Rejected.** The range instead of
//! quartiles: one default value of 0 in an hour hides the growth. A slope or a rank correlation: a trend has both. Values beyond
//! the reference: they come with every shift.

use serde::{Deserialize, Serialize};

use crate::sketch::{Numbers, Scale};
use crate::window::{Boundary, COARSE_MINUTES};

/// Detectors that fire for ever on numbers that only grow.
pub const FOOLED_BY_GROWTH: [&str; 2] = ["psi", "range_rate"];
/// Quarters of an hour that must have risen.
const RISES_MIN: u32 = 8;

/// The middle half of the numbers of a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quartiles {
    lower: f64,
    upper: f64,
}

impl Quartiles {
    /// Quartiles of `numbers`; `None` while empty.
    #[must_use]
    pub fn of(numbers: &Numbers, scale: Scale) -> Option<Self> {
        Some(Self {
            lower: numbers.quantile(scale, 0.25)?,
            upper: numbers.quantile(scale, 0.75)?,
        })
    }
}

/// How the numbers of one feature grow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FeatureGrowth {
    /// Largest upper quartile of all quarters of an hour.
    top: f64,
    /// Quarters of an hour that have risen since the last fall.
    rises: u32,
    /// Start of the first of them.
    since: Boundary,
    is_certain: bool,
}

impl FeatureGrowth {
    /// Begins with the quarter of an hour that starts at `start`.
    #[must_use]
    pub fn begin(start: Boundary, quartiles: Quartiles) -> Self {
        Self {
            top: quartiles.upper,
            rises: 0,
            since: start,
            is_certain: false,
        }
    }

    /// Observes the quarter of an hour that starts at `start`, of a model that learns a reference for `learning_minutes`.
    /// Returns true if anything changed.
    pub fn observe(
        &mut self,
        start: Boundary,
        quartiles: Quartiles,
        learning_minutes: i64,
    ) -> bool {
        let before = *self;
        if quartiles.lower > self.top {
            if self.rises == 0 {
                self.since = start;
            }
            self.rises = self.rises.saturating_add(1);
        } else if quartiles.lower < self.top {
            self.rises = 0;
        }
        self.top = self.top.max(quartiles.upper);
        let minutes = start.0 + COARSE_MINUTES - self.since.0;
        let is_long = self.rises >= RISES_MIN && minutes >= learning_minutes;
        self.is_certain = self.rises > 0 && (self.is_certain || is_long);
        *self != before
    }

    /// Start of the first quarter of an hour that has risen since the last fall.
    #[must_use]
    pub fn since(self) -> Boundary {
        self.since
    }

    /// True if the numbers only grow.
    #[must_use]
    pub fn is_certain(self) -> bool {
        self.is_certain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 1_440;

    /// Quarters after which each change of opinion came; `middle` gives the middle of each quarter, and the values reach
    /// `half` to either side.
    fn changes(quarters: i64, half: f64, middle: impl Fn(i64) -> f64) -> Vec<(i64, bool)> {
        let of = |nth| Quartiles {
            lower: middle(nth) - half / 2.0,
            upper: middle(nth) + half / 2.0,
        };
        let mut growth = FeatureGrowth::begin(Boundary(0), of(0));
        let mut changes = Vec::new();
        for nth in 1..quarters {
            let was = growth.is_certain();
            growth.observe(Boundary(nth * COARSE_MINUTES), of(nth), DAY);
            if growth.is_certain() != was {
                changes.push((nth + 1, growth.is_certain()));
            }
        }
        changes
    }

    #[test]
    fn a_row_number_is_certain_a_quarter_of_an_hour_after_a_day() {
        assert_eq!(changes(400, 0.5, |nth| nth as f64), [(97, true)]);
    }

    #[test]
    fn what_rises_once_a_day_takes_eight_days() {
        let of_day = |nth: i64| nth.div_euclid(96) as f64;
        assert_eq!(changes(1_000, 0.0, of_day), [(8 * 96 + 1, true)]);
    }

    #[test]
    fn clocks_do_not_grow() {
        for period in [1, 4, 96, 97] {
            let clock = |nth: i64| nth.rem_euclid(period) as f64;
            assert_eq!(changes(3_000, 0.0, clock).len() % 2, 0, "{period} quarters");
        }
        assert_eq!(changes(3_000, 0.0, |nth| nth.rem_euclid(96) as f64), []);
        assert_eq!(
            changes(3_000, 0.0, |nth| nth.rem_euclid(96).div_euclid(4) as f64),
            []
        );
    }

    #[test]
    fn a_clock_of_the_week_is_taken_for_growth_once_at_most() {
        let of_week = |nth: i64| nth.rem_euclid(7 * 96) as f64;
        let end = 7 * 96 + 1;
        assert_eq!(changes(3_000, 0.0, of_week), [(97, true), (end, false)]);
    }

    #[test]
    fn a_shift_a_trend_and_a_constant_do_not_grow() {
        let shifted = |nth: i64| if nth < 200 { 0.0 } else { 3.0 };
        assert_eq!(changes(1_000, 1.35, shifted), []);
        assert_eq!(
            changes(1_000, 0.0, shifted),
            [],
            "of one value, then of another"
        );
        assert_eq!(changes(1_000, 1.35, |nth| 0.1 * nth as f64), [], "a trend");
        assert_eq!(changes(1_000, 0.0, |_| 4.0), []);
    }

    #[test]
    fn a_long_rest_before_does_not_count() {
        let rests = |nth: i64| (nth - 500).max(0) as f64;
        assert_eq!(changes(1_000, 0.0, rests), [(597, true)]);
    }
}

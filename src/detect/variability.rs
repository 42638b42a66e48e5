//! Learned variability: how far ordinary windows of a subject lie from its reference, day by day.
//!
//! **Intuition.** Almost every subject has a rhythm, and days differ. From each day that was ordinary, the largest
//! distance of its windows is kept, less the noise of their counts. Their mean says how large the rhythm is, their
//! standard deviation how much days differ. A window is beyond the ordinary if it lies many standard deviations above the
//! mean; the fewer days are known, the more.
//!
//! **Formula.** M of each of J days; s² = [2(0.35·mean)² + Σ(M−mean)²] ÷ (J+1): two imagined days keep s from 0.
//! B₀ = mean + (5 + 80/J)·s. Windows of more than a day are averages of days, which move less: B₀ = mean + (5 + 80/J)·s ÷ √7.
//! B = min(B₀, max(2, 1.25·mean)) is the distance up to which a window is ordinary; before J = 7, with 1.2 in place of 2 and
//! at most four times the largest M. Between B and B₀ a window is doubtful: a breach must last.
//!
//! **Assumptions and limits.** Days are alike but for chance. A rhythm of weeks looks like days that differ. A subject
//! with a strong rhythm has a large B, which hides a shift of that size. A shift of two standard deviations is never
//! ordinary, unless every day has one (an hour of the day, as a feature).
//!
//! **Cost.** Four numbers per detector, subject and window length. **Source.** Simulation, `docs/statistics.md`.
//! **Rejected.** The largest day and a factor: it knows nothing of how days differ, and is too small for slow noise and
//! too large for a single bad day.

use serde::{Deserialize, Serialize};

use super::days::variance_of_days;

/// Standard deviations above the mean that are still ordinary, with any number of days.
const DEVIATIONS: f64 = 5.0;
/// Further standard deviations, divided by the number of days: the price of knowing few of them.
const DEVIATIONS_OF_ONE_DAY: f64 = 80.0;
/// Largest distance that can be ordinary, unless every day reaches it.
const ORDINARY_MAX: f64 = 2.0;
/// The same before [`DAYS_OF_A_WEEK`] days are known: then the bound says little, and a break must still be found.
const ORDINARY_MAX_OF_FEW_DAYS: f64 = 1.2;
/// Days that hold each weekday once.
pub const DAYS_OF_A_WEEK: u32 = 7;
/// Distance that can be ordinary, as a multiple of the mean of the days, beyond [`ORDINARY_MAX`]: what every day reaches is a
/// rhythm, and one bad day in seven moves the mean by a seventh.
const ABOVE_MEAN: f64 = 1.25;
/// Before that, B is at most this multiple of the largest day. One window in a thousand leaves its noise by chance, and one day
/// would make thirty times its distance ordinary.
const FEW_DAYS_FACTOR: f64 = 4.0;

/// Largest distance of a rate that can be ordinary, unless a larger one was learned.
const ORDINARY_RATE_MAX: f64 = 1.0;
/// Distance of a rate that is ordinary, as a multiple of the largest that was learned, beyond [`ORDINARY_RATE_MAX`].
const ABOVE_LARGEST: f64 = 1.25;

/// Distance that, once it is ordinary, hides a shift of two standard deviations: a distance grows slower than its shift, and
/// the noise of the counts comes on top.
const HIDES_SHIFTS: f64 = 1.5;

/// How the bound of what is ordinary is limited, and what a past alarm teaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrdinaryRule {
    /// B is at most 2, or a quarter above the mean of the days. What fired is never ordinary.
    Distribution,
    /// B is at most 1, or a quarter above the largest day, and at most what it is of a distribution. Once is an incident, twice is ordinary: what fired is learned
    /// from the second alarm on. Bursts of nulls would otherwise page for ever.
    Rate,
}

/// What is ordinary in windows of one length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ordinary {
    /// The distance that ordinary windows reach.
    pub distance: f64,
    /// The distance up to which a window may yet be ordinary, at least `distance`. A breach within it must last.
    pub doubtful: f64,
    /// Days from which it was learned.
    pub days: u32,
}

impl Ordinary {
    /// A distance that is known for sure.
    #[must_use]
    pub fn known(distance: f64) -> Self {
        Self {
            distance,
            doubtful: distance,
            days: u32::MAX,
        }
    }

    /// True if no shift of less than some two standard deviations exceeds what is ordinary.
    #[must_use]
    pub fn hides_shifts(&self) -> bool {
        self.distance >= HIDES_SHIFTS
    }
}

/// Distances of ordinary days.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Variability {
    days: u32,
    sum: f64,
    sum_of_squares: f64,
    largest: f64,
}

impl Variability {
    /// Variability of `days` in which no window left its noise.
    #[must_use]
    pub fn of_still_days(days: u32) -> Self {
        Self {
            days,
            ..Self::default()
        }
    }

    /// Adds a day whose ordinary windows reached `distance`.
    pub fn learn(&mut self, distance: f64) {
        self.days = self.days.saturating_add(1);
        self.sum += distance;
        self.sum_of_squares += distance * distance;
        self.largest = self.largest.max(distance);
    }

    /// The one of two that makes more ordinary.
    #[must_use]
    pub fn or_wider(self, other: Self) -> Self {
        let rule = OrdinaryRule::Distribution;
        if self.days > 0 && self.ordinary(rule).distance >= other.ordinary(rule).distance {
            self
        } else {
            other
        }
    }

    /// Days that were learned.
    #[must_use]
    pub fn days(&self) -> u32 {
        self.days
    }

    /// Largest distance of a day.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.largest
    }

    /// What is ordinary in a window of at most a day, as far as these days say. Before the first, a distance of 1.2.
    #[must_use]
    pub fn ordinary(&self, rule: OrdinaryRule) -> Ordinary {
        self.ordinary_of(1.0, rule)
    }

    /// What is ordinary in a window of several days.
    #[must_use]
    pub fn ordinary_of_days(&self, rule: OrdinaryRule) -> Ordinary {
        self.ordinary_of(7.0, rule)
    }

    fn ordinary_of(&self, days: f64, rule: OrdinaryRule) -> Ordinary {
        if self.days == 0 {
            return Ordinary {
                days: 0,
                ..Ordinary::known(ORDINARY_MAX_OF_FEW_DAYS)
            };
        }
        let learned = f64::from(self.days);
        let mean = self.sum / learned;
        let around_mean = (self.sum_of_squares - learned * mean * mean).max(0.0);
        let deviation = libm::sqrt(variance_of_days(learned, mean, around_mean) / days);
        let deviations = DEVIATIONS + DEVIATIONS_OF_ONE_DAY / learned;
        let bound = mean + deviations * deviation;
        let is_week = self.days >= DAYS_OF_A_WEEK;
        let most = if is_week {
            ORDINARY_MAX
        } else {
            ORDINARY_MAX_OF_FEW_DAYS
        };
        let most = most.max(ABOVE_MEAN * mean);
        let most = if is_week {
            most
        } else {
            most.min(FEW_DAYS_FACTOR * self.largest)
        };
        let most = match rule {
            OrdinaryRule::Distribution => most,
            OrdinaryRule::Rate => most.min(ORDINARY_RATE_MAX.max(ABOVE_LARGEST * self.largest)),
        };
        Ordinary {
            distance: bound.min(most),
            doubtful: bound,
            days: self.days,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(days: &[f64]) -> Variability {
        let mut learned = Variability::default();
        days.iter().for_each(|day| learned.learn(*day));
        learned
    }

    #[test]
    fn still_days_leave_nothing_ordinary_and_no_day_leaves_everything() {
        assert_eq!(
            Variability::of_still_days(7)
                .ordinary(OrdinaryRule::Distribution)
                .distance,
            0.0
        );
        assert_eq!(of(&[0.0; 7]), Variability::of_still_days(7));
        assert_eq!(
            Variability::default()
                .ordinary(OrdinaryRule::Distribution)
                .distance,
            ORDINARY_MAX_OF_FEW_DAYS
        );
    }

    #[test]
    fn equal_days_are_ordinary_up_to_the_imagined_ones() {
        let bound = of(&[0.1; 28]).ordinary(OrdinaryRule::Distribution).distance;
        let expected = 0.1 + (5.0 + 80.0 / 28.0) * libm::sqrt(2.0 * 0.035 * 0.035 / 29.0);
        assert!((bound - expected).abs() < 1e-9, "{bound} {expected}");
    }

    #[test]
    fn days_that_differ_and_few_days_raise_the_bound() {
        let even = of(&[0.1; 14]);
        let uneven = of(&[0.05, 0.15].repeat(7));
        assert!(
            uneven.ordinary(OrdinaryRule::Distribution).distance
                > even.ordinary(OrdinaryRule::Distribution).distance
        );
        assert!(
            of(&[0.1; 7]).ordinary(OrdinaryRule::Distribution).distance
                > even.ordinary(OrdinaryRule::Distribution).distance
        );
        assert!(
            even.ordinary_of_days(OrdinaryRule::Distribution).distance
                < even.ordinary(OrdinaryRule::Distribution).distance
        );
        assert!(
            of(&[0.5, 1.5])
                .ordinary(OrdinaryRule::Distribution)
                .distance
                <= ORDINARY_MAX
        );
    }

    #[test]
    fn what_every_day_reaches_is_ordinary_and_what_one_day_reached_is_not() {
        let ordinary = |days: &[f64]| of(days).ordinary(OrdinaryRule::Distribution).distance;
        assert_eq!(ordinary(&[3.0]), 3.75);
        assert_eq!(ordinary(&[3.0; 7]), 3.75);
        assert_eq!(ordinary(&[0.1, 0.1, 0.1, 5.0, 0.1, 0.1, 0.1]), ORDINARY_MAX);
    }

    #[test]
    fn between_the_limit_and_the_learned_bound_a_window_is_doubtful() {
        let noisy = of(&[0.8, 1.0, 1.2, 0.9, 1.1, 1.0, 1.0]).ordinary(OrdinaryRule::Distribution);
        assert_eq!(noisy.distance, ORDINARY_MAX);
        assert!(noisy.doubtful > 3.0, "{noisy:?}");
        let still = of(&[0.05; 7]).ordinary(OrdinaryRule::Distribution);
        assert_eq!(still.doubtful, still.distance);
        let chance = of(&[0.05]).ordinary(OrdinaryRule::Distribution);
        assert_eq!(chance.distance, 0.2, "one window in a thousand");
        assert!(chance.doubtful > 1.0, "{chance:?}");
    }
}

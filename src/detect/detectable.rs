//! Detectable: the smallest change of a subject that windows like this one find nine times in ten.
//!
//! **Intuition.** "No drift was found" says little without "a drift of this size would have been found". That size follows
//! from the events of the window, from what is ordinary for the subject, and from its part of the false-alarm budget.
//!
//! **Formula.** With q = χ²(1−α) and f = 1/n + 1/m, a change is found when D ≥ max(B + √(f·q), floor) and G ≥ q; see
//! [`Shift`](super::Shift). For a change of size x, mean and variance of both are known
//! ([`stability_scatter`]; the angle of a rate has variance 1/n). The smallest x at which each lies 1.28 standard deviations
//! above its threshold is found by bisection. What changes: of numbers, the mean of a normal number that is cut at the shares
//! of the reference's groups, x in standard deviations; of categories, the share of the commonest one, towards one half; of a
//! rate, the rate itself.
//!
//! **Assumptions and limits.** Events are independent, and the subject does not move otherwise at that time: a rhythm adds to
//! a change or takes from it. The size is that for a normal number; a skewed one shows a shift of its mean sooner, one that
//! keeps its groups and changes within them not at all. While the reference is provisional, a change must reach the distance
//! of a break, because only that pages.
//!
//! **Cost.** Some twenty evaluations, each of two logarithms per group: 20 to 50 µs for a subject. So it is computed only where
//! somebody reads it: in windows that are reported, and once an hour for the status page. **Source.** Simulation,
//! `tests/statistics/detectable.rs`. **Rejected.** √PSI as the size: with the three groups of a small window, a shift of one
//! standard deviation has a distance of 0.86. The non-central χ²: see `stats/power.rs`.

use std::collections::BTreeMap;

use super::case::{Budget, Case};
use super::detector::Detector;
use super::gravest::least_distance;
use super::sought::{RequiredShift, SoughtChange};
use super::variability::Ordinary;
use crate::stats::{ChiSquare, spread_of};

/// Points of χ² at the surprise that a budget asks for, by degrees of freedom. A point costs sixty survival functions, and the
/// subjects of a window share a few of them.
#[derive(Debug, Clone)]
pub struct RequiredPoints {
    surprise: f64,
    by_df: BTreeMap<usize, f64>,
}

impl RequiredPoints {
    /// Points at the surprise that `budget` asks for.
    #[must_use]
    pub fn of(budget: Budget) -> Self {
        Self {
            surprise: budget.surprise(),
            by_df: BTreeMap::new(),
        }
    }

    fn at(&mut self, df: usize) -> f64 {
        let surprise = self.surprise;
        let point = || ChiSquare { df: df as f64 }.point(surprise);
        *self.by_df.entry(df).or_insert_with(point)
    }
}

/// Sizes of the smallest changes that `detector` finds in nine of ten windows with as many events as that of `case`, by name.
/// The size of a change that is never found is infinite.
#[must_use]
pub fn detectable(
    detector: &dyn Detector,
    case: &Case<'_>,
    ordinary: Ordinary,
    points: &mut RequiredPoints,
) -> BTreeMap<&'static str, f64> {
    let changes = detector.sought(case).into_iter();
    let is_judged = |change: &SoughtChange| {
        change.events.window >= case.settings.events_min && change.events.reference > 0
    };
    let sized = changes.filter(is_judged).map(|change| {
        let ratio = points.at(change.alternative.groups() - 1);
        let noise = libm::sqrt(spread_of(change.events) * ratio);
        let least = least_distance(&change, detector, case, ordinary);
        let distance = least.max(ordinary.distance + noise);
        let required = RequiredShift { distance, ratio };
        let smallest = change.smallest(required);
        (change.name, smallest.unwrap_or(f64::INFINITY))
    });
    sized.collect()
}

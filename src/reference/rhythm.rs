//! Rhythm of a subject: how much of what it varies by, while its reference is learned, is the time of day or the weekday.
//!
//! **Intuition.** An analysis of variance of counts. If the panes of one time of day differ from the whole, day after day and
//! in the same way, then their sum differs from it, too. What moves by chance cancels in the sum.
//!
//! **Formula.** Panes i of n values each, counted by groups; p: the shares of the groups in all panes together, N values. With
//! X² = Σ(O − n·p)² ÷ (n·p), the distance of a pane is d² = (X² − (G − 1)(1 − n ÷ N)) ÷ n: the square of its distance from the
//! whole, without the noise of its counts. T: the mean of d² over the panes, weighted by n. S: the same over the sums of the
//! panes of one phase. If panes move independently, S = T ÷ J, where J is the number of panes of a phase, so the share of the
//! phase is (S − T÷J) ÷ (T − T÷J), between 0 and 1.
//!
//! **Assumptions and limits.** Panes are six hours long, so a rhythm within six hours is not seen. Fewer than three periods
//! prove no rhythm: two days may resemble each other by chance, and one week knows no weekday. With three days, chance alone
//! reaches a share of ½ once in 40 subjects, with seven once in 10,000 (by the F distribution). Noise that stays for a day raises
//! the share of the weekday.
//!
//! **Cost.** Once, when a reference is complete. **Source.** One-way analysis of variance with random effects; the intraclass
//! correlation. **Rejected.** Hours instead of six: four weeks of them would have to be kept as sketches.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Periods from which the share of their phases is known.
const PERIODS_MIN: usize = 3;

/// What a reference knows of the rhythm of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rhythm {
    /// Root of T: how far panes of six hours lie from the whole, in standard deviations if it is small.
    pub distance: f64,
    /// Share of T that is the time of day, 0..=1; `None` if the span holds fewer than three days.
    pub time_of_day: Option<f64>,
    /// Share of T that is the day of the week, 0..=1; `None` if the span holds fewer than three weeks.
    pub weekday: Option<f64>,
}

/// The counts of one pane by group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhasedCounts {
    /// The day in which the pane lies, counted from any day.
    pub day: i64,
    /// Which part of the day it is.
    pub part_of_day: i64,
    /// Values by group.
    pub groups: Vec<u64>,
}

impl Rhythm {
    /// Share of the variability from which on a subject has the rhythm of a day.
    const SHARE_MIN: f64 = 0.5;
    /// Distance from which on a rhythm is worth a season: below, it hides nothing that is large enough to page.
    const DISTANCE_MIN: f64 = 0.1;

    /// The rhythm of these panes; `None` if they hold fewer than two groups of values.
    #[must_use]
    pub fn of(panes: &[PhasedCounts]) -> Option<Self> {
        let mut whole: Vec<u64> = Vec::new();
        panes.iter().for_each(|pane| add(&mut whole, &pane.groups));
        if whole.iter().filter(|count| **count > 0).count() < 2 {
            return None;
        }
        let each = panes.iter().enumerate();
        let total = variance(&whole, each.map(|(nth, pane)| (nth as i64, pane)));
        let days = whole_days(panes);
        let share_of = |days_of_period: usize, phase: fn(&PhasedCounts) -> i64| {
            let is_known = days >= PERIODS_MIN * days_of_period;
            let phases = panes.iter().map(|pane| (phase(pane), pane));
            is_known.then(|| share(total.mean, variance(&whole, phases)))
        };
        Some(Self {
            distance: libm::sqrt(total.mean.max(0.0)),
            time_of_day: share_of(1, |pane| pane.part_of_day),
            weekday: share_of(7, |pane| pane.day.rem_euclid(7)),
        })
    }

    /// True if most of the variability is the time of day, and there is enough of it to hide a shift.
    #[must_use]
    pub fn is_daily(&self) -> bool {
        self.distance >= Self::DISTANCE_MIN
            && self
                .time_of_day
                .is_some_and(|share| share >= Self::SHARE_MIN)
    }
}

/// Number of days that hold values in as many parts as any day does.
fn whole_days(panes: &[PhasedCounts]) -> usize {
    let mut days: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    let held = panes
        .iter()
        .filter(|pane| pane.groups.iter().any(|n| *n > 0));
    for pane in held {
        days.entry(pane.day).or_default().insert(pane.part_of_day);
    }
    let most = days.values().map(BTreeSet::len).max();
    days.values()
        .filter(|parts| Some(parts.len()) == most)
        .count()
}

/// How far phases lie from the whole.
#[derive(Debug, Clone, Copy)]
struct PhaseVariance {
    /// Mean of d², weighted by values.
    mean: f64,
    /// Panes of a phase, J; panes of unequal size count as fewer.
    panes: f64,
}

/// Variance of the phases. Each pane comes with the number of its phase.
fn variance<'a>(
    whole: &[u64],
    panes: impl Iterator<Item = (i64, &'a PhasedCounts)>,
) -> PhaseVariance {
    let mut phases: BTreeMap<i64, (Vec<u64>, f64)> = BTreeMap::new();
    for (phase, pane) in panes {
        let (sum, squares) = phases.entry(phase).or_default();
        add(sum, &pane.groups);
        let values = pane.groups.iter().sum::<u64>() as f64;
        *squares += values * values;
    }
    let all = whole.iter().sum::<u64>() as f64;
    let groups = whole.iter().filter(|count| **count > 0).count() as f64;
    let (mut excess, mut inverse_panes) = (0.0, 0.0);
    for (sum, squares) in phases.values() {
        let values = sum.iter().sum::<u64>() as f64;
        if values > 0.0 {
            excess += chi_square(sum, whole) - (groups - 1.0) * (1.0 - values / all);
            inverse_panes += squares / values;
        }
    }
    PhaseVariance {
        mean: excess / all,
        panes: all / inverse_panes.max(1.0),
    }
}

/// X² of counts against the shares of the whole.
fn chi_square(counts: &[u64], whole: &[u64]) -> f64 {
    let values = counts.iter().sum::<u64>() as f64;
    let all = whole.iter().sum::<u64>() as f64;
    let mut sum = 0.0;
    for (nth, of_whole) in whole.iter().enumerate().filter(|(_, count)| **count > 0) {
        let expected = values * *of_whole as f64 / all;
        let difference = counts.get(nth).copied().unwrap_or(0) as f64 - expected;
        sum += difference * difference / expected;
    }
    sum
}

/// Share of the variance `total` that lies between the phases.
fn share(total: f64, phases: PhaseVariance) -> f64 {
    if total <= 0.0 {
        return 0.0;
    }
    let by_chance = total / phases.panes;
    let between = total - by_chance;
    if between > 0.0 {
        ((phases.mean - by_chance) / between).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

fn add(sum: &mut Vec<u64>, groups: &[u64]) {
    if sum.len() < groups.len() {
        sum.resize(groups.len(), 0);
    }
    for (sum, count) in sum.iter_mut().zip(groups) {
        *sum += count;
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// Panes of six hours of two groups; `share` gives that of the first in a part of a day.
    fn panes(days: i64, share: impl Fn(i64, i64) -> f64) -> Vec<PhasedCounts> {
        let parts = (0..days).flat_map(|day| (0..4).map(move |part| (day, part)));
        let pane = |(day, part): (i64, i64)| {
            let first = (1_000.0 * share(day, part)).round() as u64;
            PhasedCounts {
                day,
                part_of_day: part,
                groups: vec![first, 1_000 - first],
            }
        };
        parts.map(pane).collect()
    }

    fn daily(part: i64) -> f64 {
        [0.1, -0.1, 0.05, -0.05][usize::try_from(part).unwrap_or(0)]
    }

    #[test]
    fn a_rhythm_of_the_day_is_all_time_of_day_and_still_values_have_none() {
        let rhythm = Rhythm::of(&panes(7, |_, part| 0.5 + daily(part)));
        assert!(
            rhythm.is_some_and(|own| own.time_of_day.is_some_and(|share| share > 0.99)
            && own.is_daily()
            && own.weekday.is_none()
            // Root of the mean of (2 × 0.1)² and (2 × 0.05)², less the noise of 1,000 values.
            && (own.distance - 0.155).abs() < 0.003)
        );
        let still = Rhythm::of(&panes(7, |_, _| 0.5));
        assert!(still.is_some_and(|own| !own.is_daily() && own.distance < 0.01));
        assert_eq!(Rhythm::of(&panes(7, |_, _| 1.0)), None, "one group");
        assert_eq!(Rhythm::of(&[]), None);
    }

    #[test]
    fn panes_that_move_by_themselves_have_no_rhythm() {
        let moves = |day: i64, part: i64| {
            let noise = libm::sin((day * 4 + part) as f64 * 12.9898) * 43_758.545;
            0.4 + 0.2 * (noise - libm::floor(noise))
        };
        let rhythm = Rhythm::of(&panes(28, moves));
        assert!(
            rhythm
                .and_then(|own| own.time_of_day)
                .is_some_and(|s| s < 0.1)
        );
        let half = |day: i64, part: i64| 0.5 + daily(part) + moves(day, part) - 0.5;
        // The variance of the day is 0.00625, of the noise 0.04 ÷ 12.
        let rhythm = Rhythm::of(&panes(28, half));
        let share = rhythm.and_then(|own| own.time_of_day).unwrap_or(0.0);
        assert!((share - 0.65).abs() < 0.08, "{share}");
    }

    #[test]
    fn weekdays_are_known_from_three_weeks_on() {
        let weekends = |day: i64, _| if day % 7 > 4 { 0.7 } else { 0.5 };
        let of = |days| Rhythm::of(&panes(days, weekends));
        assert_eq!(of(14).and_then(|own| own.weekday), None);
        let rhythm = of(28);
        assert!(rhythm.and_then(|own| own.weekday).is_some_and(|s| s > 0.98));
        assert!(rhythm.is_some_and(|own| !own.is_daily()));
    }

    #[test]
    fn two_days_prove_nothing_however_long_the_span() {
        let mut seven = panes(7, |_, part| 0.5 + daily(part));
        for pane in seven.iter_mut().skip(8) {
            pane.groups.clear();
        }
        let rhythm = Rhythm::of(&seven);
        assert_eq!(rhythm.and_then(|own| own.time_of_day), None);
    }
}

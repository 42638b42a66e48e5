//! Expected count of a window: the same time of up to four earlier weeks, each brought to the level of today.
//!
//! **Intuition.** Traffic repeats by the week, and its level moves from week to week. A week ago, times the ratio of the
//! levels, is what should come now. A clock change moves everything by an hour, so the mildest of an hour earlier and
//! later counts. A week that was odd must not decide alone, so the median of four weeks does.
//!
//! **Formula.** Level of week j: the median of the seven daily ratios of the last seven days to the same days j weeks
//! before, in ½..2. For falls, at most 1.1^j, and above 1 only if six of the seven days agree; for rises the inverse.
//! b = the median over the weeks of level × the smallest count at −1 h, 0 and +1 h; for rises the largest. Of two weeks
//! in the middle, the milder. D of a Poisson count around b has the variance (1 + 1.5/weeks) ÷ b.
//!
//! **Assumptions and limits.** Traffic repeats weekly. On a steep slope of the day, b is the traffic of an hour before or
//! after, so a small fall is found only near the top, the bottom, or by the day. Growth of more than 10 % a week hides
//! falls by the excess. After four days at a new level, that level is expected.
//!
//! **Rejected.** All nine quarters of ±1 h: neither fewer false alarms nor shorter delays, for three times the work.
//! ±30 min: pages at a clock change. The median ratio alone as the level of a fall: pages more often after a ramp-up.

use super::counts::SlotSums;
use super::side::Side;
use super::slot::{DAY, HOUR, Slot, WEEK};

/// Earlier weeks that are compared with.
const WEEKS: i64 = 4;
/// Daily ratios from which a level is known.
const RATIOS_MIN: usize = 3;
/// Largest ratio of two levels that is believed. Its inverse is the smallest.
const LEVEL_MAX: f64 = 2.0;
/// Growth per week that is granted to what a fall is measured by.
const GROWTH_PER_WEEK: f64 = 1.1;
/// Ratio of the measured level to the granted one from which traffic is unsettled.
const UNSETTLED: f64 = 1.25;
/// Shifts of the clock, in slots.
const SHIFTS: [i64; 3] = [-HOUR, 0, HOUR];
/// Variance that the median of the earlier weeks adds, times their number.
const MEDIAN_VARIANCE: f64 = 1.5;

/// What a window should hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expected {
    /// Expected count, above 0.
    pub(super) count: f64,
    /// Variance of D if nothing is wrong, for a Poisson count.
    pub(super) variance: f64,
    /// Earlier weeks behind it.
    pub(super) weeks: usize,
    /// True while the level changes faster than is granted. Such days teach nothing.
    pub(super) is_unsettled: bool,
}

/// Level of the last seven days relative to the same days of an earlier week.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Level {
    granted: f64,
    is_unsettled: bool,
}

impl Expected {
    /// Expected count of the `length` slots before `end`; `None` while no earlier week is known, or if it was empty.
    pub(super) fn of(sums: &SlotSums, end: Slot, length: i64, side: Side) -> Option<Self> {
        let of_week = |week: i64| {
            let level = Level::of(sums, end, week, side)?;
            let shifted = SHIFTS.into_iter().map(|shift| {
                let end = Slot(end.0 - week * WEEK + shift);
                sums.sum(end, length).map(|sum| sum as f64)
            });
            let shifted: Option<Vec<f64>> = shifted.collect();
            let mildest = shifted?.into_iter().reduce(|a, b| side.milder(a, b))?;
            Some((mildest * level.granted, level.is_unsettled))
        };
        let weeks: Vec<(f64, bool)> = (1..=WEEKS).filter_map(of_week).collect();
        let mut counts: Vec<f64> = weeks.iter().map(|(count, _)| *count).collect();
        let count = side.median(&mut counts)?;
        (count > 0.0 || side == Side::Rise).then_some(Self {
            count,
            variance: variance(count, weeks.len()),
            weeks: weeks.len(),
            is_unsettled: weeks.first().is_some_and(|(_, unsettled)| *unsettled),
        })
    }

    /// Raises the count to at least `events`.
    pub(super) fn at_least(self, events: f64) -> Self {
        let count = self.count.max(events);
        Self {
            count,
            variance: variance(count, self.weeks),
            ..self
        }
    }
}

fn variance(count: f64, weeks: usize) -> f64 {
    (1.0 + MEDIAN_VARIANCE / weeks as f64) / count
}

impl Level {
    fn of(sums: &SlotSums, end: Slot, weeks: i64, side: Side) -> Option<Self> {
        let mut ratios = daily_ratios(sums, end, weeks)?;
        let median = side.median(&mut ratios)?.clamp(1.0 / LEVEL_MAX, LEVEL_MAX);
        let most = libm::pow(GROWTH_PER_WEEK, weeks as f64);
        let second_lowest = *ratios.get(1)?;
        let second_highest = *ratios.get(ratios.len().checked_sub(2)?)?;
        let granted = match side {
            Side::Fall => median.min(most).min(second_lowest.max(1.0)),
            Side::Rise => median.max(1.0 / most).max(second_highest.min(1.0)),
        };
        let excess = f64::max(median / granted, granted / median);
        Some(Self {
            granted,
            is_unsettled: excess > UNSETTLED,
        })
    }
}

/// Ratios of the last seven days before `end` to the same days `weeks` earlier. Days that are not known, and days without
/// an event, are left out; `None` with too few.
pub(super) fn daily_ratios(sums: &SlotSums, end: Slot, weeks: i64) -> Option<Vec<f64>> {
    let ratio = |day: i64| {
        let end = Slot(end.0 - day * DAY);
        let now = sums.sum(end, DAY)? as f64;
        let then = sums.sum(Slot(end.0 - weeks * WEEK), DAY)? as f64;
        (then > 0.0).then(|| now / then)
    };
    let ratios: Vec<f64> = (0..7).filter_map(ratio).collect();
    (ratios.len() >= RATIOS_MIN).then_some(ratios)
}

//! Seven days against the two weeks before: changes that last, after they have become the level of the day.
//!
//! **Formula.** r = the median of the seven daily ratios to the week before, and to the week before that. D of the mildest
//! r of the past day counts, so that one odd night decides nothing. For rises, r is divided by the growth of the week
//! before: a ramp-up is not news every week. The variance of D is π ÷ b, because a median of seven ratios has π/2 of the
//! variance of their mean.
//!
//! **Rejected.** Totals of seven days: they page in the week after a holiday. One week alone: under noise that lasts for
//! days, it pages several times as often.

use super::counts::SlotSums;
use super::expected::daily_ratios;
use super::side::Side;
use super::slot::{HOUR, Slot, WEEK};

/// Hours back at which the past day is looked at.
const HOURS_BACK: [i64; 5] = [0, 6, 12, 18, 24];
/// Weeks that are compared with, where they are known.
const WEEKS: [i64; 2] = [1, 2];

/// Change of seven days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct WeekChange {
    /// D of the median ratio.
    pub(super) distance: f64,
    /// Events that the week compared with holds, times the growth that is granted.
    pub(super) expected: f64,
}

impl WeekChange {
    /// The mildest change of the past day.
    pub(super) fn of_past_day(sums: &SlotSums, end: Slot, side: Side) -> Option<Self> {
        let ends = HOURS_BACK.map(|back| Slot(end.0 - back * HOUR));
        let changes: Option<Vec<Self>> = ends
            .map(|end| Self::at(sums, end, side))
            .into_iter()
            .collect();
        changes?.into_iter().reduce(Self::milder)
    }

    /// The change of the seven days before `end`; `None` unless the week before them is known, for rises two weeks.
    pub(super) fn at(sums: &SlotSums, end: Slot, side: Side) -> Option<Self> {
        let growth = match side {
            Side::Fall => 1.0,
            Side::Rise => {
                let mut ratios = daily_ratios(sums, Slot(end.0 - WEEK), 1)?;
                side.median(&mut ratios)?.max(1.0)
            }
        };
        let against = |weeks: i64| {
            let before = sums.sum(Slot(end.0 - weeks * WEEK), WEEK)? as f64;
            let ratio = side.median(&mut daily_ratios(sums, end, weeks)?)?;
            Some(Self {
                distance: side.distance(ratio, growth),
                expected: before * growth,
            })
        };
        let changes = WEEKS.into_iter().filter_map(against);
        changes.reduce(Self::milder)
    }

    fn milder(self, other: Self) -> Self {
        if other.distance < self.distance {
            other
        } else {
            self
        }
    }
}

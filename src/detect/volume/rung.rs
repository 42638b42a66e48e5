//! Rungs: the lengths of the windows of traffic, and how each is compared.

use super::counts::SlotSums;
use super::expected::Expected;
use super::side::Side;
use super::slot::{DAY, HOUR, Slot, WEEK};
use super::week::WeekChange;

/// Fewest events that a rise is measured from. A handful where nothing was expected is no rise.
const RISE_EVENTS: f64 = 30.0;
/// Floor of a rise over seven days, as a part of the floor of other rises: 32 % instead of 44 %.
const WEEK_RISE: f64 = 0.75;

/// Length of a window of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rung {
    /// 15 minutes.
    Quarter,
    /// One hour.
    Hour,
    /// 24 hours.
    Day,
    /// Seven days.
    Week,
}

/// A window on one side, before it is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MeasuredTraffic {
    /// Events in the window.
    pub(super) count: f64,
    /// What was expected.
    pub(super) expected: Expected,
    /// D that is judged.
    pub(super) distance: f64,
}

impl Rung {
    /// Number of rungs.
    pub(super) const COUNT: usize = 4;
    /// Every rung, the shortest first.
    pub(super) const ALL: [Self; Self::COUNT] = [Self::Quarter, Self::Hour, Self::Day, Self::Week];

    /// Length in slots.
    pub(super) fn slots(self) -> i64 {
        match self {
            Self::Quarter => 1,
            Self::Hour => HOUR,
            Self::Day => DAY,
            Self::Week => WEEK,
        }
    }

    /// True if the window that ends at `end` is judged: the week hourly, the others each quarter of an hour.
    fn is_due(self, end: Slot) -> bool {
        self != Self::Week || end.0.rem_euclid(HOUR) == 0
    }

    /// Smallest D that matters, for a change by `share`.
    pub(super) fn floor(self, side: Side, share: f64) -> f64 {
        let floor = side.distance_of(share);
        match (self, side) {
            (Self::Week, Side::Rise) => WEEK_RISE * floor,
            _ => floor,
        }
    }

    /// Measures the window before `end`; `None` while what is expected is not known, and if the window is not due.
    pub(super) fn measure(self, sums: &SlotSums, end: Slot, side: Side) -> Option<MeasuredTraffic> {
        let length = self.slots();
        self.is_due(end).then_some(())?;
        match self {
            Self::Quarter | Self::Hour => MeasuredTraffic::of(sums, end, length, side),
            Self::Day => {
                let ends = (0..HOUR).map(|back| Slot(end.0 - back));
                let windows: Option<Vec<MeasuredTraffic>> = ends
                    .map(|end| MeasuredTraffic::of(sums, end, length, side))
                    .collect();
                let windows = windows?;
                let distances = windows.iter().map(|window| window.distance);
                Some(MeasuredTraffic {
                    distance: distances.reduce(f64::min)?,
                    ..*windows.first()?
                })
            }
            Self::Week => {
                let change = WeekChange::of_past_day(sums, end, side)?;
                Some(MeasuredTraffic {
                    count: sums.sum(end, length)? as f64,
                    expected: Expected {
                        count: change.expected,
                        variance: std::f64::consts::PI / change.expected,
                        weeks: 1,
                        is_unsettled: false,
                    },
                    distance: change.distance,
                })
            }
        }
    }
}

impl MeasuredTraffic {
    fn of(sums: &SlotSums, end: Slot, length: i64, side: Side) -> Option<Self> {
        let count = sums.sum(end, length)? as f64;
        let expected = Expected::of(sums, end, length, side)?;
        let expected = match side {
            Side::Fall => expected,
            Side::Rise => expected.at_least(RISE_EVENTS),
        };
        Some(Self {
            count,
            expected,
            distance: side.distance(count, expected.count),
        })
    }
}

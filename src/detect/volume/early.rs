//! The first two weeks, in which no window has an earlier week to be compared with.
//!
//! **Full stop of steady traffic.** Traffic is steady if, after a day, no quarter of an hour held less than a tenth of
//! the mean, and none fewer than 30. A quarter of an hour below a tenth of the smallest is an outage. Office hours are
//! not steady, because their nights are empty, so their first weekend is silent.
//!
//! **Full stop of other traffic.** Three hours, and the last of them, below 2 % of yesterday (the smallest within an
//! hour, so that a short job that ran once is not missed). Not on weekends. The first Saturday morning on Earth begins on Friday at 18:00 UTC, so a weekend begins there.
//!
//! **Day over day.** 24 hours against the 24 before, both on weekdays, in eight blocks of three hours, each against the
//! smaller of yesterday and a week ago. Student's t of the eight distances at 1e-4 tells a lower level from another
//! shape of the day. Significant falls from `volume.drop` on are shown, those from 28 % on are alarms.
//!
//! **Rejected.** Sunday against Saturday: a shop that is closed on Sunday is no outage.

use super::counts::SlotSums;
use super::reading::Reading;
use super::side::Side;
use super::slot::{DAY, HOUR, Slot, WEEK};

/// Slots after which a model is compared with its earlier weeks only.
pub(super) const EARLY: i64 = 2 * WEEK;

/// Smallest quarter of an hour of steady traffic, in events.
const STEADY_EVENTS: u64 = 30;
/// Smallest quarter of an hour of steady traffic, as a share of the mean.
const STEADY_SHARE: f64 = 0.1;
/// Share of the smallest quarter of an hour below which steady traffic has stopped.
const STOPPED_SHARE: f64 = 0.1;
/// Length of a stop of traffic that is not steady.
const STOP: i64 = 3 * HOUR;
/// Share of yesterday below which it counts.
const STOP_SHARE: f64 = 0.02;
/// Position in the week from which a weekend may have begun somewhere: Friday 18:00 UTC.
const FRIDAY_EVENING: i64 = 4 * DAY + 18 * HOUR;
/// Position in the week at which weekdays end.
const SATURDAY: i64 = 5 * DAY;
/// Blocks of a day.
const BLOCKS: i64 = 8;
/// Length of a block.
const BLOCK: i64 = DAY / BLOCKS;
/// Events from which a block counts.
const BLOCK_EVENTS: u64 = 30;
/// Blocks from which a day is judged.
const BLOCKS_MIN: usize = 4;
/// Quantiles of Student's t at 1e-4, one-sided, for 3 to 7 degrees of freedom.
const T_QUANTILES: [f64; 5] = [22.204, 13.034, 9.678, 8.025, 7.063];
/// Smallest fall from one day to the next that alarms, as a share.
const DAY_SHARE: f64 = 0.28;

/// Reading of the slot before `end`; `None` if the traffic is not steady. `lowest` is the smallest count of a slot before,
/// outages left out.
pub(super) fn steady(sums: &SlotSums, end: Slot, lowest: u64) -> Option<Reading> {
    let before = Slot(end.0 - 1);
    let age = before.0 - sums.first().0;
    let mean = sums.sum(before, age)? as f64 / age.max(1) as f64;
    let is_steady = age >= DAY && lowest >= STEADY_EVENTS && lowest as f64 >= STEADY_SHARE * mean;
    let count = sums.sum(end, 1)? as f64;
    is_steady.then(|| fall(count, lowest as f64, 1.0 - STOPPED_SHARE))
}

/// Reading of the hour before `end`; `None` on weekends, and if yesterday had too few events.
pub(super) fn stop(sums: &SlotSums, end: Slot) -> Option<Reading> {
    if Slot(end.0 - 1).of_week() >= FRIDAY_EVENING {
        return None;
    }
    let yesterday = Slot(end.0 - DAY);
    let smallest = |length| {
        let around = (-HOUR..=HOUR).map(|shift| sums.sum(Slot(yesterday.0 + shift), length));
        let around: Option<Vec<u64>> = around.collect();
        around?.into_iter().min()
    };
    let (hours, hour) = (smallest(STOP)?, smallest(HOUR)?);
    let count = sums.sum(end, HOUR)? as f64;
    let has_stopped = (sums.sum(end, STOP)? as f64) < STOP_SHARE * hours as f64;
    (hours >= STEADY_EVENTS && hour > 0).then(|| Reading {
        is_certain: has_stopped,
        ..fall(count, hour as f64, 1.0 - STOP_SHARE)
    })
}

/// Reading of the day before `end` against the day before it; `None` unless both lie on weekdays and enough blocks hold
/// enough events. Falls from the share `shown` on are shown.
pub(super) fn day(sums: &SlotSums, end: Slot, shown: f64) -> Option<Reading> {
    let is_on_weekdays = Slot(end.0 - 2 * DAY).of_week() + 2 * DAY <= SATURDAY;
    is_on_weekdays.then_some(())?;
    let ends = (0..BLOCKS).map(|block| Slot(end.0 - block * BLOCK));
    let blocks: Option<Vec<(u64, u64)>> = ends.map(|end| block(sums, end)).collect();
    let blocks = blocks?;
    let full = blocks.iter().filter(|(_, then)| *then >= BLOCK_EVENTS);
    let full: Vec<(f64, f64)> = full
        .map(|(now, then)| (*now as f64, *then as f64))
        .collect();
    let quantile = T_QUANTILES.get(full.len().checked_sub(BLOCKS_MIN)?)?;
    let n = full.len() as f64;
    let distances = || {
        full.iter()
            .map(|(now, then)| Side::Fall.distance(*now, *then))
    };
    let mean = distances().sum::<f64>() / n;
    let squares: f64 = distances().map(|d| (d - mean) * (d - mean)).sum();
    let poisson = full.iter().map(|(_, then)| 2.0 / then).sum::<f64>() / n;
    let sigma = libm::sqrt(f64::max(squares / (n - 1.0), poisson) / n);
    let sum = |of: fn(&(u64, u64)) -> u64| blocks.iter().map(of).sum::<u64>() as f64;
    let (count, expected) = (sum(|(now, _)| *now), sum(|(_, then)| *then));
    let noise = quantile * sigma;
    let reading = fall(count, expected, f64::max(DAY_SHARE, shown));
    let is_shown = mean >= noise && reading.distance >= Side::Fall.distance_of(shown);
    Some(Reading {
        sigma,
        noise,
        is_held: is_shown,
        ..reading
    })
}

/// Events of the block before `end`, and the smaller count of yesterday and, where it is known, a week ago.
fn block(sums: &SlotSums, end: Slot) -> Option<(u64, u64)> {
    let yesterday = sums.sum(Slot(end.0 - DAY), BLOCK)?;
    let week_ago = sums.sum(Slot(end.0 - WEEK), BLOCK).unwrap_or(yesterday);
    Some((sums.sum(end, BLOCK)?, week_ago.min(yesterday)))
}

/// Reading that alarms at a fall by `share`.
fn fall(count: f64, expected: f64, share: f64) -> Reading {
    Reading {
        side: Side::Fall,
        count,
        expected,
        distance: Side::Fall.distance(count, expected),
        sigma: libm::sqrt(2.0 / expected),
        weeks: 0,
        habit: 0.0,
        noise: 0.0,
        floor: Side::Fall.distance_of(share),
        is_certain: true,
        is_held: false,
    }
}

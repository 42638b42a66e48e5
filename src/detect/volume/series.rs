//! The series of one model: its counts, what was learned of them, and the judgement of a closed slot.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counts::{SlotCounts, SlotSums};
use super::early;
use super::habit::{Habit, NOISE_ALPHA};
use super::noise::quantile;
use super::reading::Reading;
use super::rung::{MeasuredTraffic, Rung};
use super::side::Side;
use super::slot::{DAY, SLOT_MINUTES, Slot};
use super::week::WeekChange;
use crate::detect::{Budget, Family, Finding};

/// Stable name of the detector.
pub const NAME: &str = "volume";

/// Judgements of one rung in 30 days.
const JUDGEMENTS: u64 = 30 * DAY as u64;
/// Rungs and sides that share the budget.
const SHARES: u64 = (Rung::COUNT * Side::BOTH.len()) as u64;
/// Share of the expected count below which a fall always pages at once.
const CRITICAL_SHARE: f64 = 0.1;
/// Days of which a week is a mean.
const WEEK_DAYS: f64 = 7.0;

/// When a change of traffic is an alarm. The configuration's documentation gives the defaults and their reasons.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VolumeSettings {
    /// Smallest fall, as a share of what is expected.
    pub drop: f64,
    /// Smallest rise, as a share of what is expected.
    pub rise: f64,
    /// True if alarms that come twice within 28 days become ordinary.
    pub learn_repeats: bool,
}

impl Default for VolumeSettings {
    fn default() -> Self {
        Self {
            drop: 0.14,
            rise: 0.44,
            learn_repeats: true,
        }
    }
}

impl VolumeSettings {
    fn share(&self, side: Side) -> f64 {
        match side {
            Side::Fall => self.drop,
            Side::Rise => self.rise,
        }
    }

    /// Part of the false-alarm budget for one judgement of one rung and side.
    #[must_use]
    pub fn budget(false_alarms_per_30_days: f64) -> Budget {
        Budget::share(false_alarms_per_30_days, JUDGEMENTS, SHARES)
    }
}

/// A judged window of traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeWindow {
    /// Length of the window in minutes: 15, 60, 1440 or 10080.
    pub minutes: i64,
    /// What was found. `window_events` and `reference_events` are the count and what was expected.
    pub finding: Finding,
    /// True if the window is compared with earlier weeks; false in the first days.
    pub is_against_weeks: bool,
    /// Smallest fall that alarms, as a share of what is expected; `None` if not even a full stop does.
    pub detectable_drop: Option<f64>,
    /// Smallest rise that alarms, as a share of what is expected; `None` while rises are not judged.
    pub detectable_rise: Option<f64>,
}

/// Traffic of a model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct VolumeSeries {
    counts: SlotCounts,
    /// The smallest count of a slot in the first two weeks, outages and the first slot left out.
    lowest: Option<u64>,
    /// What is learned, by rung and side.
    habits: [HabitPair; Rung::COUNT],
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct HabitPair {
    fall: Habit,
    rise: Habit,
}

impl HabitPair {
    fn of(&self, side: Side) -> &Habit {
        match side {
            Side::Fall => &self.fall,
            Side::Rise => &self.rise,
        }
    }

    fn of_mut(&mut self, side: Side) -> &mut Habit {
        match side {
            Side::Fall => &mut self.fall,
            Side::Rise => &mut self.rise,
        }
    }
}

/// A reading of one rung.
struct Judged {
    rung: Rung,
    reading: Reading,
    /// True if the reading is only learned from.
    is_mute: bool,
    /// True while the level changes faster than is granted, so that nothing is learned.
    is_unsettled: bool,
}

impl Judged {
    /// A reading of the first two weeks: nothing is learned from it.
    fn early(rung: Rung, reading: Reading) -> Self {
        Self {
            rung,
            reading,
            is_mute: false,
            is_unsettled: true,
        }
    }
}

impl VolumeSeries {
    /// Adds `count` events to `slot`. Only the newest 35 days are kept.
    pub fn record(&mut self, slot: Slot, count: u64) {
        self.counts.add(slot, count);
    }

    /// Counts of the slots.
    #[must_use]
    pub fn counts(&self) -> &SlotCounts {
        &self.counts
    }

    /// Judges the windows that end with the closed slot `slot` and learns from them. Call it once for each slot, in order.
    pub fn judge(
        &mut self,
        slot: Slot,
        settings: &VolumeSettings,
        budget: Budget,
    ) -> Vec<VolumeWindow> {
        let sums = self.counts.sums();
        let end = Slot(slot.0 + 1);
        let mut judged = self.by_weeks(&sums, end, settings, budget);
        if end.0 - sums.first().0 <= early::EARLY {
            judged.extend(self.by_yesterday(&sums, end, settings));
        }
        self.learn(slot.day(), &judged, settings);
        let rungs = Rung::ALL.into_iter();
        rungs
            .filter_map(|rung| window(rung, &judged, budget))
            .collect()
    }

    /// Readings of the first two weeks.
    fn by_yesterday(
        &mut self,
        sums: &SlotSums,
        end: Slot,
        settings: &VolumeSettings,
    ) -> Vec<Judged> {
        let age = end.0 - sums.first().0;
        let lowest = self.lowest;
        let steady = lowest.and_then(|lowest| early::steady(sums, end, lowest));
        let has_stopped = steady.is_some_and(|reading| reading.is_alarm());
        let count = sums.sum(end, 1).filter(|_| age > 1 && !has_stopped);
        self.lowest = count.map_or(lowest, |count| {
            Some(lowest.map_or(count, |low| low.min(count)))
        });
        let day = || early::day(sums, end, settings.drop);
        let readings = [
            (Rung::Quarter, steady),
            (Rung::Hour, early::stop(sums, end)),
            (Rung::Day, (age % DAY == 0).then(day).flatten()),
        ];
        let readings = readings.into_iter();
        readings
            .filter_map(|(rung, reading)| Some(Judged::early(rung, reading?)))
            .collect()
    }

    /// Readings against earlier weeks.
    fn by_weeks(
        &self,
        sums: &SlotSums,
        end: Slot,
        settings: &VolumeSettings,
        budget: Budget,
    ) -> Vec<Judged> {
        let z = quantile(budget.alpha());
        let rungs = Rung::ALL.into_iter();
        let sides = rungs.flat_map(|rung| Side::BOTH.map(|side| (rung, side)));
        let measured = sides.filter_map(|(rung, side)| {
            let measured = rung.measure(sums, end, side)?;
            let mut judged = self.against_habit(rung, side, &measured, settings);
            judged.reading.noise = z * judged.reading.sigma;
            if rung == Rung::Day {
                let week = WeekChange::at(sums, end, side);
                let floor = Rung::Week.floor(side, settings.share(side));
                judged.reading.is_held = week.is_some_and(|week| week.distance >= floor);
            }
            Some(judged)
        });
        measured.collect()
    }

    /// Compares a window with what is ordinary. While that is not known, only a fall by 75 % within a day is judged.
    fn against_habit(
        &self,
        rung: Rung,
        side: Side,
        measured: &MeasuredTraffic,
        settings: &VolumeSettings,
    ) -> Judged {
        let (share, expected) = (settings.share(side), &measured.expected);
        let habits = Rung::ALL.into_iter().zip(&self.habits);
        let mut own = habits.filter(|(other, _)| *other == rung);
        let is_known = own.any(|(_, habits)| habits.of(side).is_known());
        let (habit, floor) = if is_known {
            (self.bound(rung, side), rung.floor(side, share))
        } else {
            let share = share.max(unknown_share(side));
            (0.0, side.distance_of(share))
        };
        // Once seven days are known there are two weeks, so an outage a week ago makes no rise of today.
        let is_mute = !is_known && (side == Side::Rise || rung == Rung::Week);
        Judged {
            rung,
            reading: Reading {
                side,
                count: measured.count,
                expected: expected.count,
                distance: measured.distance,
                sigma: libm::sqrt(expected.variance),
                weeks: expected.weeks,
                habit,
                noise: 0.0,
                floor,
                is_certain: true,
                is_held: false,
            },
            is_mute,
            is_unsettled: expected.is_unsettled,
        }
    }

    /// B of a rung and side.
    fn bound(&self, rung: Rung, side: Side) -> f64 {
        let [quarter, hour, day, week] = &self.habits;
        match rung {
            Rung::Quarter => quarter.of(side).bound(1.0),
            Rung::Hour => hour.of(side).bound(1.0),
            Rung::Day => day.of(side).bound(1.0),
            Rung::Week => {
                let own = week.of(side).three_deviations();
                own.max(day.of(side).bound(WEEK_DAYS))
            }
        }
    }

    /// Learns from the readings against earlier weeks. An alarm of a longer window counts for the shorter ones.
    fn learn(&mut self, day: i64, judged: &[Judged], settings: &VolumeSettings) {
        let z = quantile(NOISE_ALPHA);
        for (rung, habits) in Rung::ALL.into_iter().zip(&mut self.habits) {
            for side in Side::BOTH {
                let of_side = || judged.iter().filter(|own| own.reading.side == side);
                let own = of_side().find(|own| own.rung == rung && !own.is_unsettled);
                let Some(own) = own else {
                    continue;
                };
                let beyond = own.reading.distance - z * own.reading.sigma;
                let is_alarm = of_side().any(|other| {
                    let counts = other.rung == rung || !other.is_mute;
                    other.rung.slots() >= rung.slots() && counts && other.reading.is_alarm()
                });
                let habit = habits.of_mut(side);
                habit.note(day, beyond, is_alarm, settings.learn_repeats);
            }
        }
    }
}

/// Change that is no ordinary day while fewer than seven days are learned: a quarter of the traffic, or four times as
/// much.
fn unknown_share(side: Side) -> f64 {
    match side {
        Side::Fall => 0.75,
        Side::Rise => 3.0,
    }
}

/// The window of a rung: the gravest of its readings speaks for it.
fn window(rung: Rung, judged: &[Judged], budget: Budget) -> Option<VolumeWindow> {
    let own = || {
        let own = judged.iter().filter(|own| own.rung == rung && !own.is_mute);
        own.map(|own| &own.reading)
    };
    let gravest = own().max_by(|a, b| {
        let ((a, x), (b, y)) = (a.rank(), b.rank());
        a.cmp(&b).then(x.total_cmp(&y))
    })?;
    let detectable = |side: Side| {
        let of_side = own().filter(|reading| reading.side == side);
        let shares = of_side.filter_map(Reading::detectable);
        shares.reduce(f64::min)
    };
    let (drop, rise) = (detectable(Side::Fall), detectable(Side::Rise));
    Some(VolumeWindow {
        minutes: rung.slots() * SLOT_MINUTES,
        finding: finding(gravest, budget, drop, rise),
        is_against_weeks: gravest.weeks > 0,
        detectable_drop: drop,
        detectable_rise: rise,
    })
}

fn finding(reading: &Reading, budget: Budget, drop: Option<f64>, rise: Option<f64>) -> Finding {
    let value = reading.side.share_at(reading.distance).max(0.0);
    let threshold = reading.side.share_at(reading.threshold());
    let surprise = |distance: f64| {
        let deviations = distance / reading.sigma;
        deviations * deviations / 2.0
    };
    let mut details = BTreeMap::from([
        ("count", reading.count),
        ("expected", reading.expected),
        ("change", reading.count / reading.expected - 1.0),
        ("direction", reading.side.direction()),
        ("distance", reading.distance),
        ("weeks", reading.weeks as f64),
        ("habit", reading.habit),
        ("noise", reading.noise),
        ("floor", reading.floor),
        ("alpha", budget.alpha()),
    ]);
    details.extend(drop.map(|share| ("detectable_drop", share)));
    details.extend(rise.map(|share| ("detectable_rise", share)));
    Finding {
        detector: NAME,
        family: Family::Volume,
        subject: None,
        verdict: reading.verdict(),
        value,
        threshold,
        effect: value / threshold,
        statistic: surprise((reading.distance - reading.habit).max(0.0)),
        critical: surprise(reading.noise),
        p_value: None,
        window_events: reading.count as u64,
        reference_events: libm::round(reading.expected) as u64,
        critical_effect: reading.side == Side::Fall
            && reading.count < CRITICAL_SHARE * reading.expected,
        is_provisional: false,
        must_last: false,
        details,
        category: None,
    }
}

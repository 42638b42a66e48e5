//! Habit: how far traffic strays from what is expected on ordinary days, learned from the last 28 of them.
//!
//! **Formula.** M of a day is the largest max(0, D − noise(0.01)) of its windows. B = mean + (3 + 36/J)·s of the J days
//! kept, with s² = (2(0.35·mean)² + Σ(M−mean)²) ÷ (J+1), and at most max(1.4, 1.25 × largest M). Two imagined days keep
//! s above 0; 36/J is the price of few days. A window of seven days is a mean of seven: its B is mean + (3 + 36/J)·s ÷ √7
//! of the days, or mean + 3 s of its own M, whichever is larger.
//!
//! **Alarms.** A day enters when the next has passed without an alarm, so that the day on which a fault begins does not
//! become ordinary. Days with an alarm are left out. *Once is an incident, twice is ordinary*: when an alarm is over
//! and another ended at most 28 days before it, its largest day enters, unless the user refuses that.
//!
//! **Rejected.** noise(0.05): B then holds noise twice, and −20 % of 1,000 an hour is found within two hours in 60
//! instead of 90 to 100 %. M without the bound at 0: half the false alarms under noise, but weekdays and weekends spread s so
//! far that an outage of half the traffic of an office takes days.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::detect::days::variance_of_days;

/// Level at which the noise is subtracted from D.
pub(super) const NOISE_ALPHA: f64 = 0.01;
/// Days that count.
const DAYS_MAX: usize = 28;
/// Days from which B is believed.
const DAYS_MIN: usize = 7;
/// Standard deviations above the mean, and those added for few days, times their number.
const DEVIATIONS: f64 = 3.0;
const DEVIATIONS_FEW_DAYS: f64 = 36.0;
/// Upper bound of B, unless ordinary days were wilder: a fall by 91 %.
const BOUND_MAX: f64 = 1.4;
/// Upper bound of B, as a multiple of the largest day.
const BOUND_OF_LARGEST: f64 = 1.25;

/// What is learned of one rung and side.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Habit {
    /// M of ordinary days, the newest last.
    days: VecDeque<f32>,
    /// The day in progress; `None` before the first.
    today: Option<Today>,
    /// M of the day before, until it is known whether the day after it has an alarm.
    waiting: Option<f32>,
    /// Largest day of the alarm in progress.
    alarm: Option<f32>,
    /// Days since the last alarm ended, while it counts.
    since_alarm: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Today {
    day: i64,
    largest: f32,
    has_alarm: bool,
}

/// Mean, standard deviation and largest of the days.
struct Moments {
    mean: f64,
    squares: f64,
    largest: f64,
}

impl Habit {
    /// Notes a window that ends in `day`: its D beyond the noise, and whether there is an alarm.
    pub(super) fn note(&mut self, day: i64, beyond_noise: f64, is_alarm: bool, repeats: bool) {
        let before = self.today.take_if(|today| today.day != day);
        if let Some(before) = before {
            self.close(before, repeats);
        }
        let today = self.today.get_or_insert(Today {
            day,
            largest: 0.0,
            has_alarm: false,
        });
        today.largest = today.largest.max(beyond_noise as f32);
        today.has_alarm |= is_alarm;
    }

    fn close(&mut self, today: Today, repeats: bool) {
        let since = self.since_alarm.map(|days| days + 1);
        self.since_alarm = since.filter(|days| usize::from(*days) <= DAYS_MAX);
        if today.has_alarm {
            self.alarm = Some(self.alarm.unwrap_or(0.0).max(today.largest));
            self.waiting = None;
            return;
        }
        if let Some(largest) = self.alarm.take() {
            if repeats && self.since_alarm.is_some() {
                self.enter(largest);
            }
            self.since_alarm = Some(0);
        }
        if let Some(before) = self.waiting.replace(today.largest) {
            self.enter(before);
        }
    }

    fn enter(&mut self, day: f32) {
        self.days.push_back(day);
        while self.days.len() > DAYS_MAX {
            self.days.pop_front();
        }
    }

    /// True if enough days are known to judge by.
    pub(super) fn is_known(&self) -> bool {
        self.days.len() >= DAYS_MIN
    }

    fn moments(&self) -> Moments {
        let days = || self.days.iter().map(|m| f64::from(*m));
        let mean = days().sum::<f64>() / self.days.len().max(1) as f64;
        Moments {
            mean,
            squares: days().map(|m| (m - mean) * (m - mean)).sum(),
            largest: days().fold(0.0, f64::max),
        }
    }

    /// B of a mean over `averaged` of its days.
    pub(super) fn bound(&self, averaged: f64) -> f64 {
        let (days, of) = (self.days.len().max(1) as f64, self.moments());
        let s = libm::sqrt(variance_of_days(days, of.mean, of.squares));
        let deviations = DEVIATIONS + DEVIATIONS_FEW_DAYS / days;
        let bound = of.mean + deviations * s / libm::sqrt(averaged);
        bound.min(f64::max(BOUND_MAX, BOUND_OF_LARGEST * of.largest))
    }

    /// Mean + 3 s of the days themselves.
    pub(super) fn three_deviations(&self) -> f64 {
        let (days, of) = (self.days.len().max(1) as f64, self.moments());
        of.mean + DEVIATIONS * libm::sqrt(of.squares / days)
    }
}

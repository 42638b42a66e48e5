//! Simulated traffic: shapes of a week, noise, and the episodes that the detector makes of them.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use fastrand::Rng;
use tidegauge::detect::Verdict;
use tidegauge::detect::volume::{Slot, VolumeSeries, VolumeSettings, VolumeWindow};

use crate::stage::normal;

pub const DAY: i64 = 96;
/// Monday, 5 January 2026, 00:00 UTC.
pub const MONDAY: i64 = 20_458 * DAY;
/// Quarters of an hour without a breach or a lingering verdict after which a window no longer alerts.
const KEEP: i64 = 8;

/// Shape of the traffic, by slot.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    Flat,
    Daily,
    /// Daily, and half the traffic at weekends.
    Weekend,
    /// A shop: busy Fridays and Saturdays, fewer on Sundays.
    Shop,
    /// Office hours: nearly nothing at night and at weekends.
    Office,
    /// Office hours whose clock moves on a day, by slots.
    Shifted(i64, i64),
    /// Office hours on the other side of the Earth: the weekend begins on Friday evening (UTC).
    FarEast,
    /// Office hours with a holiday on a day.
    Holiday(i64),
    /// A nightly job, an hourly job, and little else.
    Jobs,
    /// 2 % more each day.
    Growth,
    /// A linear ramp-up over 20 days.
    RampUp,
    /// Steps of 1, 10, 50 and 100 % on days 0, 2, 4 and 8.
    Canary,
}

fn daily(slot: i64, swing: f64) -> f64 {
    1.0 + swing * (TAU * (slot.rem_euclid(DAY) as f64 / DAY as f64 - 0.6)).cos()
}

fn office(slot: i64) -> f64 {
    let (day, hour) = (weekday(slot), slot.rem_euclid(DAY));
    match hour {
        _ if day >= 5 => 0.01,
        48..52 => 1.8,
        32..72 => 3.0,
        28..76 => 0.5,
        _ => 0.01,
    }
}

fn weekday(slot: i64) -> i64 {
    (slot - MONDAY).div_euclid(DAY).rem_euclid(7)
}

impl Shape {
    /// Mean of slot `slot`, the `n`-th since the start, relative to the mean of all.
    fn at(self, slot: i64, n: i64) -> f64 {
        let age = n as f64 / DAY as f64;
        match self {
            Self::Flat => 1.0,
            Self::Daily => daily(slot, 0.6),
            Self::Weekend if weekday(slot) >= 5 => 0.5 * daily(slot, 0.6),
            Self::Weekend => daily(slot, 0.6),
            Self::Shop => {
                daily(slot, 0.8) * [1.0, 1.0, 1.0, 1.0, 1.2, 1.5, 0.8][weekday(slot) as usize]
            }
            Self::Office => office(slot),
            Self::Shifted(day, by) => office(if n >= day * DAY { slot + by } else { slot }),
            Self::FarEast => office(slot + 50),
            Self::Holiday(day) if n / DAY == day => 0.01,
            Self::Holiday(_) => office(slot),
            Self::Jobs => match slot.rem_euclid(DAY) {
                12 => 80.0,
                quarter if quarter % 4 == 0 => 4.0,
                _ => 0.02,
            },
            Self::Growth => 1.02_f64.powf(age) * daily(slot, 0.5),
            Self::RampUp => (age / 20.0).clamp(0.02, 1.0) * daily(slot, 0.5),
            Self::Canary => {
                let steps = [(8.0, 1.0), (4.0, 0.5), (2.0, 0.1), (0.0, 0.01)];
                let step = steps.iter().find(|(from, _)| age >= *from).unwrap().1;
                step * daily(slot, 0.5)
            }
        }
    }
}

/// Noise beyond Poisson's: log-normal with σ, correlated from slot to slot.
#[derive(Debug, Clone, Copy)]
pub struct Noise {
    pub sigma: f64,
    pub correlation: f64,
}

impl Noise {
    pub const NONE: Self = Self::of(0.0, 0.0);

    pub const fn of(sigma: f64, correlation: f64) -> Self {
        Self { sigma, correlation }
    }
}

/// Kind of traffic.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub shape: Shape,
    pub noise: Noise,
    /// Mean events in an hour.
    pub hourly: f64,
}

impl Kind {
    pub const fn of(shape: Shape, noise: Noise, hourly: f64) -> Self {
        Self {
            shape,
            noise,
            hourly,
        }
    }

    /// Counts of `days` days from slot `start`; `fault` multiplies the mean of the n-th slot.
    pub fn counts(
        self,
        seed: u64,
        (start, days): (i64, i64),
        fault: impl Fn(i64) -> f64,
    ) -> Vec<u64> {
        let rng = &mut Rng::with_seed(seed);
        let Noise { sigma, correlation } = self.noise;
        let mut z = normal(rng);
        let count = |n| {
            z = correlation * z + (1.0 - correlation * correlation).sqrt() * normal(rng);
            let mean = self.hourly / 4.0 * self.shape.at(start + n, n);
            poisson(rng, mean * (sigma * z).exp() * fault(n))
        };
        (0..days * DAY).map(count).collect()
    }
}

fn poisson(rng: &mut Rng, mean: f64) -> u64 {
    if mean > 50.0 {
        return (mean + mean.sqrt() * normal(rng)).round().max(0.0) as u64;
    }
    let (limit, mut product) = ((-mean).exp(), rng.f64());
    let mut count = 0;
    while product > limit {
        product *= rng.f64();
        count += 1;
    }
    count
}

/// An alert: the slots of its first and last breach, and what began it.
#[derive(Debug, Clone)]
pub struct Episode {
    pub from: i64,
    pub to: i64,
    pub began: VolumeWindow,
}

impl Episode {
    pub fn is_rise(&self) -> bool {
        self.began.finding.details["direction"] > 0.0
    }
}

/// What a detector said of a run of counts.
#[derive(Default)]
pub struct Told {
    pub episodes: Vec<Episode>,
    /// Windows that were shown without an alarm: slot and window.
    pub shown: Vec<(i64, VolumeWindow)>,
    /// Breaches: slot and length in minutes.
    pub breaches: Vec<(i64, i64)>,
    /// The last window of each length.
    pub last: BTreeMap<i64, VolumeWindow>,
}

/// Judges all counts in order. Causes end like those of the alert machine.
pub fn told(counts: &[u64], start: i64, settings: &VolumeSettings) -> Told {
    let budget = VolumeSettings::budget(1.0);
    let (mut series, mut told) = (VolumeSeries::default(), Told::default());
    let mut active: BTreeMap<i64, i64> = BTreeMap::new();
    for (n, count) in (0..).zip(counts) {
        let slot = Slot(start + n);
        series.record(slot, *count);
        for window in series.judge(slot, settings, budget) {
            let length = window.minutes / 15;
            match window.finding.verdict {
                Verdict::Breach => {
                    if active.is_empty() {
                        told.episodes.push(Episode {
                            from: n,
                            to: n,
                            began: window.clone(),
                        });
                    }
                    active.insert(length, n);
                    told.breaches.push((n, window.minutes));
                }
                Verdict::Lingering => {
                    told.shown.push((n, window.clone()));
                    active.entry(length).and_modify(|last| *last = n);
                }
                Verdict::Quiet if active.get(&length).is_some_and(|last| n - last >= KEEP) => {
                    active.remove(&length);
                }
                Verdict::Quiet | Verdict::InsufficientData => {}
            }
            told.last.insert(window.minutes, window);
        }
        active.retain(|length, last| n - *last < *length + KEEP);
        if let Some(episode) = told.episodes.last_mut().filter(|_| !active.is_empty()) {
            episode.to = n;
        }
    }
    told
}

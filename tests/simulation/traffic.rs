//! Traffic: the number of predictions of a model in each quarter of an hour.

use crate::draws::Draws;
use crate::stream::{QUARTERS_PER_DAY, Quarter};

/// Lowest hour of the night lows, as a share of the highest.
const NIGHT_SHARE: f64 = 0.01;
/// Weekend traffic as a share of that of a working day.
const WEEKEND_SHARE: f64 = 0.4;
/// First quarter of the outage: day 15, 10:00.
const OUTAGE_FROM: i64 = 15 * QUARTERS_PER_DAY + 40;
/// Length of the outage: 45 minutes.
const OUTAGE_QUARTERS: i64 = 3;

/// How the traffic of a model moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Traffic {
    /// Always the same count.
    Exact,
    /// Always the same expected count.
    Flat,
    /// Down to a hundredth at night.
    NightLows,
    /// Half as much at night, 40 % of that at weekends.
    Office,
    /// Noise of this relative standard deviation, autoregressive with coefficient 0.9 a quarter of an hour.
    Noise { sd: f64 },
    /// No prediction for 45 minutes, once.
    Outage,
}

/// The traffic of one model, at a moment.
pub struct Counter {
    traffic: Traffic,
    per_minute: f64,
    level: f64,
}

impl Counter {
    /// `per_minute` is the rate of the busiest time, or the mean rate of noise.
    pub fn new(traffic: Traffic, per_minute: f64, draws: &mut Draws) -> Self {
        let level = draws.normal();
        Self {
            traffic,
            per_minute,
            level,
        }
    }

    /// Predictions in the next quarter of an hour, `share` of what they would be without a fault.
    pub fn next(&mut self, at: Quarter, share: f64, draws: &mut Draws) -> u64 {
        let expected = 15.0 * self.per_minute * self.share(at, draws) * share;
        match self.traffic {
            Traffic::Exact => expected.round() as u64,
            _ => draws.poisson(expected),
        }
    }

    fn share(&mut self, at: Quarter, draws: &mut Draws) -> f64 {
        let turn = std::f64::consts::TAU * (at.of_day() as f64 + 0.5) / QUARTERS_PER_DAY as f64;
        let night = (1.0 + turn.cos()) / 2.0; // 1 at midnight, 0 at noon
        match self.traffic {
            Traffic::Exact | Traffic::Flat => 1.0,
            Traffic::NightLows => NIGHT_SHARE.powf(night),
            Traffic::Office => {
                let of_week = if at.is_weekend() { WEEKEND_SHARE } else { 1.0 };
                (1.0 - night / 2.0) * of_week
            }
            Traffic::Noise { sd } => {
                self.level = 0.9 * self.level + 0.19_f64.sqrt() * draws.normal();
                (1.0 + sd * self.level).max(0.05)
            }
            Traffic::Outage => {
                let out = (OUTAGE_FROM..OUTAGE_FROM + OUTAGE_QUARTERS).contains(&at.0);
                if out { 0.0 } else { 1.0 }
            }
        }
    }
}

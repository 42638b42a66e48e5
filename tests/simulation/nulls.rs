//! Nulls: the share of values that are null in ordinary traffic.

use crate::draws::Draws;
use crate::stream::QUARTERS_PER_DAY;

/// Longest burst, in quarters of an hour.
const BURST_QUARTERS_MAX: f64 = 8.0;
/// Smallest and largest share of nulls in a burst.
const BURST_RATES: (f64, f64) = (0.1, 0.4);

/// How often a value is null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Nulls {
    /// Always with this probability.
    Steady(f64),
    /// With probability `base`, except in bursts. `per_day` bursts begin on an average day. A burst lasts 15 minutes to 2
    /// hours, and 10 to 40 % of its values are null.
    Bursts { base: f64, per_day: f64 },
}

/// The nulls of one subject, at a moment.
pub struct NullRate {
    nulls: Nulls,
    burst_quarters: u64,
    burst_rate: f64,
}

impl NullRate {
    pub fn new(nulls: Nulls) -> Self {
        Self {
            nulls,
            burst_quarters: 0,
            burst_rate: 0.0,
        }
    }

    /// Share of nulls in the next quarter of an hour.
    pub fn next(&mut self, draws: &mut Draws) -> f64 {
        let (base, per_day) = match self.nulls {
            Nulls::Steady(rate) => return rate,
            Nulls::Bursts { base, per_day } => (base, per_day),
        };
        if self.burst_quarters > 0 {
            self.burst_quarters -= 1;
        } else if draws.uniform() < per_day / QUARTERS_PER_DAY as f64 {
            self.burst_quarters = draws.between(1.0, BURST_QUARTERS_MAX + 1.0) as u64;
            self.burst_rate = draws.between(BURST_RATES.0, BURST_RATES.1);
        }
        if self.burst_quarters > 0 {
            self.burst_rate
        } else {
            base
        }
    }
}

#[test]
fn bursts_come_as_often_as_they_should() {
    let mut draws = Draws::of(4, "bursts");
    let bursts = Nulls::Bursts {
        base: 0.02,
        per_day: 1.0,
    };
    let mut rate = NullRate::new(bursts);
    let rates: Vec<f64> = (0..100 * QUARTERS_PER_DAY)
        .map(|_| rate.next(&mut draws))
        .collect();
    let begins = rates
        .windows(2)
        .filter(|pair| pair[0] == 0.02 && pair[1] > 0.02)
        .count();
    assert!((75..=120).contains(&begins), "{begins}");
    assert!(
        rates
            .iter()
            .all(|rate| *rate == 0.02 || (0.1..0.4).contains(rate))
    );
}

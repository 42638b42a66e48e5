//! Newcombe's interval of the difference between two shares.
//!
//! **Intuition.** Each share may lie anywhere in its own Wilson interval. The distances to the ends of both intervals
//! are combined as independent errors are: the root of the sum of squares.
//!
//! **Formula.** d = p − q; low = d − √((p − p_low)² + (q_high − q)²), high = d + √((p_high − p)² + (q − q_low)²).
//!
//! **Assumptions and limits.** Events are independent, and so are the two samples. The interval stays inside −1..=1.
//! Coverage is close to nominal from a handful of events on. **Cost.** Four square roots. **Source.** Newcombe 1998,
//! method 10 (the score interval without continuity correction). **Rejected.** Wald's interval, because it is empty if
//! both shares are 0 or 1.

use super::interval::{Interval, wilson};
use crate::sketch::Share;

/// Difference between two shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Minuend: the later share.
    pub of: Share,
    /// Subtrahend: the earlier share.
    pub from: Share,
}

impl Difference {
    /// Rate of the later share less the rate of the earlier one, −1..=1. A rate is good ÷ valid; it counts as 0 if
    /// nothing is valid.
    #[must_use]
    pub fn value(&self) -> f64 {
        rate(self.of) - rate(self.from)
    }

    /// Interval of the difference, `z` standard deviations to each side, within −1..=1. If one side is empty, it is the
    /// whole range.
    #[must_use]
    pub fn interval(&self, z: f64) -> Interval {
        if self.of.valid <= 0 || self.from.valid <= 0 {
            return Interval {
                low: -1.0,
                high: 1.0,
            };
        }
        let (p, q) = (rate(self.of), rate(self.from));
        let (of, from) = (interval(self.of, z), interval(self.from, z));
        Interval {
            low: p - q - libm::hypot(p - of.low, from.high - q),
            high: p - q + libm::hypot(of.high - p, q - from.low),
        }
    }
}

fn interval(share: Share, z: f64) -> Interval {
    let valid = u64::try_from(share.valid).unwrap_or(0);
    wilson(u64::try_from(share.good).unwrap_or(0).min(valid), valid, z)
}

fn rate(share: Share) -> f64 {
    if share.valid <= 0 {
        return 0.0;
    }
    share.good.clamp(0, share.valid) as f64 / share.valid as f64
}

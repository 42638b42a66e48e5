//! Newcombe's interval of the difference of two shares.
//!
//! **Intuition.** Each share could lie anywhere in its own Wilson interval; the difference is as far off as both together can be, squared and added as
//! independent errors are.
//!
//! **Formula.** d = p − q; low = d − √((p − p_low)² + (q_high − q)²), high = d + √((p_high − p)² + (q − q_low)²).
//!
//! **Assumptions and limits.** Independent events, two independent samples. Stays inside −1..=1; coverage is close to nominal from a handful of events.
//! **Cost.** Four square roots. **Source.** Newcombe 1998, method 10 (the score interval without continuity correction).
//! **Rejected.** Wald's, which is empty where both shares are 0 or 1.

use super::interval::{Interval, wilson};
use crate::sketch::Share;

/// Two shares, of which one is taken from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The share from which is taken: the later one.
    pub of: Share,
    /// The share that is taken away: the earlier one.
    pub from: Share,
}

impl Difference {
    /// good ÷ valid of the one less that of the other, −1..=1; a share of nothing counts as 0.
    #[must_use]
    pub fn value(&self) -> f64 {
        rate(self.of) - rate(self.from)
    }

    /// The interval of the difference, `z` standard deviations to either side, within −1..=1; all of it where a side is empty.
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

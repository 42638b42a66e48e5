//! Newcombe's interval of a difference of two rates: whether this week's is really above last week's.
//!
//! **Intuition.** Each rate has its own Wilson interval; the difference is as unsure as both arms together, each taken
//! towards the side that matters.
//!
//! **Formula.** d = p − q; low = d − √((p − l_p)² + (u_q − q)²), high = d + √((u_p − p)² + (q − l_q)²), with Wilson's
//! l and u of either rate.
//!
//! **Assumptions and limits.** Two independent sets of independent events. Its coverage is close to nominal at rates near
//! 0 and 1 and with few events, where Wald's difference falls to an empty interval. **Cost.** Four square roots.
//! **Source.** Newcombe 1998, method 10 (hybrid score). **Rejected.** The pooled z test, which gives no interval to hold a
//! margin against; Miettinen–Nurminen's, which has to be searched for.

use super::interval::{Interval, wilson};
use crate::sketch::Share;

/// The interval of `a`'s rate minus `b`'s, `z` standard deviations wide to either side, within -1..=1.
///
/// `None` where one of them has no events, or is no share of events (good outside 0..=valid).
#[must_use]
pub fn difference_interval(a: Share, b: Share, z: f64) -> Option<Interval> {
    let (a, b) = (Arms::of(a, z)?, Arms::of(b, z)?);
    let difference = a.rate - b.rate;
    Some(Interval {
        low: (difference - libm::hypot(a.below, b.above)).max(-1.0),
        high: (difference + libm::hypot(a.above, b.below)).min(1.0),
    })
}

/// A rate and how far its interval reaches to either side.
struct Arms {
    rate: f64,
    below: f64,
    above: f64,
}

impl Arms {
    fn of(share: Share, z: f64) -> Option<Self> {
        let good = u64::try_from(share.good).ok()?;
        let valid = u64::try_from(share.valid).ok()?;
        if valid == 0 || good > valid {
            return None;
        }
        let rate = good as f64 / valid as f64;
        let interval = wilson(good, valid, z);
        Some(Self {
            rate,
            below: rate - interval.low,
            above: interval.high - rate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn share(good: i64, valid: i64) -> Share {
        Share { good, valid }
    }

    #[test]
    fn swapping_the_rates_mirrors_the_interval() {
        let there = difference_interval(share(56, 70), share(48, 80), 1.96);
        let back = difference_interval(share(48, 80), share(56, 70), 1.96);
        let mirrored = back.map(|i| (-i.high, -i.low));
        assert_eq!(there.map(|i| (i.low, i.high)), mirrored);
        assert!(there.is_some_and(|i| 0.0 < i.low && i.low < 0.2 && i.high > 0.2));
    }

    #[test]
    fn what_is_no_share_has_no_interval() {
        let sound = share(1, 2);
        for odd in [share(0, 0), share(-1, 3), share(3, 2), share(-2, -2)] {
            assert_eq!(difference_interval(odd, sound, 1.96), None);
            assert_eq!(difference_interval(sound, odd, 1.96), None);
        }
    }
}

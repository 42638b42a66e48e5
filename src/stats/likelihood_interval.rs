//! The likelihood interval of a rate: where few are counted, and the tail that matters is the long one.
//!
//! **Intuition.** All rates under which what was seen is not much less likely than under the rate that was seen. Unlike Wilson's, which takes the law of a
//! count for symmetric, it knows that three bad ones where one is expected are no rarity.
//!
//! **Formula.** All p with n·KL(k/n‖p) ≤ z²/2, KL of two coins in nats.
//!
//! **Assumptions and limits.** Independent events. The upper tail of a count of few expected is met within a small factor where Wilson's lower end at
//! z = 3.3 errs three times as often as it should (seven bad ones expected). **Cost.** Some 50 steps of bisection, two logarithms each.
//! **Source.** Wilks 1938; Brown, Cai and DasGupta 2001, "likelihood ratio interval". **Rejected.** Clopper–Pearson's, dearer and wider than promised.

use super::bernoulli::bernoulli_divergence;
use super::interval::Interval;

/// Halvings after which a double holds no more.
const STEPS: u32 = 60;

/// The likelihood interval for `count` of `total` events, `z` standard deviations to either side; 0..=1 without events.
#[must_use]
pub fn likelihood_interval(count: u64, total: u64, z: f64) -> Interval {
    if total == 0 {
        return Interval {
            low: 0.0,
            high: 1.0,
        };
    }
    let (n, rate) = (total as f64, count.min(total) as f64 / total as f64);
    let outside = |p: f64| n * bernoulli_divergence(rate, p) > z * z / 2.0;
    Interval {
        low: Search {
            out: 0.0,
            inside: rate,
        }
        .edge(&outside),
        high: Search {
            out: 1.0,
            inside: rate,
        }
        .edge(&outside),
    }
}

/// A point beyond the interval, or its last possible one, and one within it.
struct Search {
    out: f64,
    inside: f64,
}

impl Search {
    /// The edge between the two, from within.
    fn edge(mut self, outside: &impl Fn(f64) -> bool) -> f64 {
        if !outside(self.out) {
            return self.out;
        }
        for _ in 0..STEPS {
            let middle = f64::midpoint(self.out, self.inside);
            if outside(middle) {
                self.out = middle;
            } else {
                self.inside = middle;
            }
        }
        self.inside
    }
}

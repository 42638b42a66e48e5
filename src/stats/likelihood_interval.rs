//! Likelihood interval of a rate, for small counts, where the long upper tail matters.
//!
//! **Intuition.** All rates under which the observed counts are not much less likely than under the observed rate.
//! Wilson's interval takes the distribution of a count for symmetric. This one knows that three bad events are not rare
//! where one is expected.
//!
//! **Formula.** All p with n·KL(k/n‖p) ≤ z²/2, where KL is the divergence of two coins in nats.
//!
//! **Assumptions and limits.** Events are independent. The upper tail of a small expected count is accurate within a
//! small factor. There, Wilson's lower end at z = 3.3 errs three times as often as it should (with seven bad events
//! expected). **Cost.** 60 steps of bisection per end, two logarithms each. **Source.** Wilks 1938; Brown, Cai and
//! DasGupta 2001, "likelihood ratio interval". **Rejected.** Clopper–Pearson's interval, because it costs more and is
//! wider than its nominal coverage needs.

use super::bernoulli::bernoulli_divergence;
use super::interval::Interval;

/// Number of halvings after which a double has no more precision.
const STEPS: u32 = 60;

/// Likelihood interval for `count` of `total` events, `z` standard deviations to each side; 0..=1 without events.
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

/// Bisection for one end of the interval: a point outside it (or the end of the range) and a point inside it.
struct Search {
    out: f64,
    inside: f64,
}

impl Search {
    /// Returns the end of the interval, approached from inside.
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

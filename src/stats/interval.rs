//! Wilson's interval of a rate.
//!
//! **Intuition.** All rates whose own sampling error, z standard deviations wide, still covers the observed rate.
//!
//! **Formula.** (k + z²/2 ± z √(k(n−k)/n + z²/4)) ÷ (n + z²).
//!
//! **Assumptions and limits.** Events are independent. Coverage is close to nominal down to n ≈ 10. At rates of 0 and 1
//! the interval stays inside 0..=1. **Cost.** One square root. **Source.** Wilson 1927. **Rejected.** Wald's interval,
//! because it is empty at k = 0; Clopper–Pearson's, because it is wider than its nominal coverage needs and costs more.

/// Interval: of a rate within 0..=1, of a difference of rates within -1..=1, or of a mean in the unit of the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Wilson's interval for `count` of `total` events, `z` standard deviations to each side; 0..=1 without events.
#[must_use]
pub fn wilson(count: u64, total: u64, z: f64) -> Interval {
    if total == 0 {
        return Interval {
            low: 0.0,
            high: 1.0,
        };
    }
    let (k, n) = (count as f64, total as f64);
    let (z2, width) = (z * z, z * libm::sqrt(k * (n - k) / n + z * z / 4.0));
    Interval {
        low: ((k + z2 / 2.0 - width) / (n + z2)).clamp(0.0, 1.0),
        high: ((k + z2 / 2.0 + width) / (n + z2)).clamp(0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_inside_and_around_the_rate() {
        for (count, total) in [(0, 1), (1, 1), (0, 200), (4, 200), (200, 200), (7, 10_000)] {
            let rate = count as f64 / total as f64;
            let interval = wilson(count, total, 2.0);
            assert!(
                0.0 <= interval.low && interval.low <= rate,
                "{count}/{total}"
            );
            assert!(
                rate <= interval.high && interval.high <= 1.0,
                "{count}/{total}"
            );
        }
    }

    #[test]
    fn says_nothing_of_no_events() {
        assert_eq!(
            wilson(0, 0, 2.0),
            Interval {
                low: 0.0,
                high: 1.0
            }
        );
    }
}

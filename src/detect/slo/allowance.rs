//! Share of bad events that a target allows, and burn rates over it, compared without rounding.
//!
//! **Intuition.** 14.4 × (1 − 0.999) is not 0.0144 in binary, and a rule that says "strictly above" must not depend on how that
//! rounds. So a target is taken as the decimal it was written as, and the comparison uses integers.
//!
//! **Formula.** burn = (bad ÷ valid) ÷ (1 − target); it exceeds a factor iff bad × 10¹⁵ > factor·10⁶ × (1 − target)·10⁹ × valid.
//! **Limits.** Nine decimals of a target, six of a factor. Counts are clamped to 0 ≤ bad ≤ valid, because corrections may leave a span with negative counts.
//! **Cost.** Three multiplications of 128 bits.

use crate::sketch::Share;

const BILLION: f64 = 1e9;
const MILLION: f64 = 1e6;

/// Allowed share of bad events: 1 − target, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    billionths: i64,
}

/// Burn rate to compare with: 1 spends the budget in exactly the period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Factor(pub(super) f64);

impl Allowance {
    /// Allowance of a target of 0..1; at least a billionth.
    pub(super) fn of_target(target: f64) -> Self {
        let billionths = libm::round((1.0 - target) * BILLION).clamp(1.0, BILLION);
        Self {
            billionths: billionths as i64,
        }
    }

    /// Allowance as a share, 0..1.
    pub(super) fn share(self) -> f64 {
        self.billionths as f64 / BILLION
    }

    /// Burn rate of `share`; `None` without events.
    pub(super) fn burn(self, share: Share) -> Option<f64> {
        Some(bad_rate(share)? / self.share())
    }

    /// True if `share` burns strictly faster than `factor`; false without events.
    pub(super) fn is_exceeded(self, share: Share, factor: Factor) -> bool {
        let millionths = libm::round(factor.0 * MILLION) as i128;
        let allowed = millionths
            .saturating_mul(i128::from(self.billionths))
            .saturating_mul(i128::from(share.valid.max(0)));
        i128::from(bad(share)).saturating_mul(1_000_000_000_000_000) > allowed
    }

    /// True if at least as many events are bad as are allowed; false without events.
    pub(super) fn is_spent(self, share: Share) -> bool {
        let allowed = i128::from(self.billionths) * i128::from(share.valid);
        share.valid > 0 && i128::from(bad(share)) * 1_000_000_000 >= allowed
    }
}

/// Bad events, clamped to 0..=valid.
pub(super) fn bad(share: Share) -> i64 {
    share.bad().clamp(0, share.valid.max(0))
}

/// `bad` ÷ `valid`; `None` without events.
pub(super) fn bad_rate(share: Share) -> Option<f64> {
    (share.valid > 0).then(|| bad(share) as f64 / share.valid as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(bad: i64, valid: i64) -> Share {
        Share {
            good: valid - bad,
            valid,
        }
    }

    #[test]
    fn exactly_at_the_factor_is_not_above_it() {
        for (target, factor, bad, valid) in [
            (0.999, 14.4, 144, 10_000),
            (0.9, 6.0, 60, 100), // 6 × (1 − 0.9) is 0.5999999999999999 in binary
            (0.99, 14.4, 144, 1_000),
            (0.95, 3.0, 15, 100),
            (0.999_9, 1.0, 1, 10_000),
        ] {
            let allowance = Allowance::of_target(target);
            let what = format!("{factor} × (1 − {target})");
            assert!(
                !allowance.is_exceeded(share(bad, valid), Factor(factor)),
                "{what}"
            );
            assert!(
                allowance.is_exceeded(share(bad + 1, valid), Factor(factor)),
                "{what}"
            );
        }
    }

    #[test]
    fn a_budget_is_spent_when_nothing_is_left() {
        let allowance = Allowance::of_target(0.9);
        assert!(!allowance.is_spent(share(9, 100)));
        assert!(allowance.is_spent(share(10, 100)), "to the last event");
        assert!(!allowance.is_spent(share(0, 0)));
    }

    #[test]
    fn nothing_burns_without_events() {
        let allowance = Allowance::of_target(0.999);
        for nothing in [share(0, 0), share(1, 0), share(-3, -2)] {
            assert!(!allowance.is_exceeded(nothing, Factor(1.0)), "{nothing:?}");
            assert_eq!(allowance.burn(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn huge_counts_do_not_overflow() {
        let allowance = Allowance::of_target(0.5);
        let all_bad = share(i64::MAX, i64::MAX);
        assert!(allowance.is_exceeded(all_bad, Factor(1.9)));
        assert!(!allowance.is_exceeded(all_bad, Factor(1e9)));
    }
}

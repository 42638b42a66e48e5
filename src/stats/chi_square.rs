//! χ²: the distribution of the likelihood ratio if nothing has changed.
//!
//! **Formula.** P(X ≥ x) = Q(df/2, x/2), the upper incomplete gamma function. The point with a given tail is found by
//! bisection of ln P, which falls strictly.
//!
//! **Assumptions and limits.** G is computed from two samples of independent events. In simulations at 1e-7, the rate
//! is 0.4–2.7 times nominal. Survival functions are compared with α. Quantiles are not taken of 1 − α, because a double
//! rounds that to 1.
//!
//! **Cost.** One incomplete gamma function; sixty of them for a point. **Source.** Wilks 1938. **Rejected.** The
//! non-central χ² (Patnaik 1949) for windows that vary by themselves: it needs a single number for how much they vary,
//! and a maximum knows nothing of how days differ.

use super::gamma::ln_gamma_upper;

/// Halvings of the interval that holds a point: to the last bits of a double.
const HALVINGS: u32 = 60;

/// χ² with `df` degrees of freedom, at least 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquare {
    /// Degrees of freedom.
    pub df: f64,
}

impl ChiSquare {
    /// ln P(X ≥ x), in −∞..=0. Its absolute value is the surprise of `x` in nats.
    #[must_use]
    pub fn ln_survival(self, x: f64) -> f64 {
        ln_gamma_upper(self.df / 2.0, x / 2.0)
    }

    /// The x with −ln P(X ≥ x) = `surprise` nats, at least 0.
    #[must_use]
    pub fn point(self, surprise: f64) -> f64 {
        let is_below = |x: f64| -self.ln_survival(x) < surprise;
        let (mut low, mut high) = (0.0, self.df.max(1.0));
        while is_below(high) && high < f64::MAX / 4.0 {
            (low, high) = (high, 2.0 * high);
        }
        for _ in 0..HALVINGS {
            let middle = low + (high - low) / 2.0;
            if is_below(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_that_of_any_table() {
        let law = ChiSquare { df: 9.0 };
        let tail = libm::exp(law.ln_survival(16.918_977_604_620_45));
        assert!((tail - 0.05).abs() < 1e-12, "{tail}");
    }

    #[test]
    fn a_point_has_the_tail_that_was_asked_for() {
        for df in [1.0, 2.0, 9.0, 49.0] {
            for surprise in [0.1, 1.0, 6.9, 18.4, 400.0] {
                let law = ChiSquare { df };
                let found = -law.ln_survival(law.point(surprise));
                assert!(
                    (found - surprise).abs() < 1e-9 * surprise,
                    "{df} {surprise}: {found}"
                );
            }
        }
    }
}

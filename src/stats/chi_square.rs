//! Distribution of the likelihood ratio: χ², or Patnaik's approximation of the non-central χ² if ordinary windows vary.
//!
//! **Intuition.** If windows never varied, G would follow χ² with one degree of freedom fewer than there are groups. If
//! ordinary windows already lie at a distance V from the reference, G is larger by about λ = V ÷ (1/n + 1/m) on average
//! and follows the non-central χ². A scaled central χ² with equal mean and variance is accurate enough in the tail.
//!
//! **Formula.** a = (df + 2λ) ÷ (df + λ), h = (df + λ)² ÷ (df + 2λ); P(G ≥ x) ≈ Q(h/2, x/2a). λ = 0 gives χ² itself.
//!
//! **Assumptions and limits.** G is computed from two samples of independent events. In simulations at 1e-7, the rate
//! is 0.4–2.7 times nominal. Patnaik's tail is heavier than the exact one, by up to a fifth of its logarithm with one
//! degree of freedom and by less with more. It therefore errs towards silence, never towards a false alarm. Survival
//! functions are compared with α. Quantiles are not compared with 1 − α, because a double rounds that to 1.
//!
//! **Cost.** One incomplete gamma function. **Source.** Patnaik 1949, Biometrika 36. **Rejected.** The exact
//! distribution: it needs a Poisson sum of such functions, for a V that is itself an estimate.

use super::gamma::ln_gamma_upper;

/// `scale` times a χ² variable with `df` degrees of freedom. `df` need not be an integer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquare {
    /// Patnaik's a; 1 for χ² itself.
    pub scale: f64,
    /// Patnaik's h: degrees of freedom.
    pub df: f64,
}

impl ChiSquare {
    /// Patnaik's approximation for `df` ≥ 1 degrees of freedom and a non-centrality of at least 0.
    #[must_use]
    pub fn non_central(df: f64, noncentrality: f64) -> Self {
        let (once, twice) = (df + noncentrality, df + 2.0 * noncentrality);
        Self {
            scale: twice / once,
            df: once * once / twice,
        }
    }

    /// ln P(X ≥ x), in −∞..=0. Its absolute value is the surprise of `x` in nats.
    #[must_use]
    pub fn ln_survival(self, x: f64) -> f64 {
        ln_gamma_upper(self.df / 2.0, x / self.scale / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_variability_it_is_chi_square() {
        let law = ChiSquare::non_central(9.0, 0.0);
        assert_eq!((law.scale, law.df), (1.0, 9.0));
        let tail = libm::exp(law.ln_survival(16.918_977_604_620_45)); // the 5 % point from any table
        assert!((tail - 0.05).abs() < 1e-12, "{tail}");
    }

    #[test]
    fn mean_and_variance_are_those_of_the_non_central_law() {
        let (df, lambda) = (9.0, 40.0);
        let law = ChiSquare::non_central(df, lambda);
        assert!((law.scale * law.df - (df + lambda)).abs() < 1e-9);
        assert!((law.scale * law.scale * 2.0 * law.df - 2.0 * (df + 2.0 * lambda)).abs() < 1e-9);
    }

    #[test]
    fn the_more_ordinary_windows_vary_the_less_surprising() {
        let surprise = |lambda| -ChiSquare::non_central(9.0, lambda).ln_survival(80.0);
        assert!(surprise(0.0) > surprise(5.0) && surprise(5.0) > surprise(50.0));
    }
}

//! Kullback–Leibler divergence of two coins. It tests rates at any number of events.
//!
//! **Intuition.** Average evidence, in nats per toss, that a coin of rate `q` gives against the rate `p`.
//!
//! **Formula.** KL(q‖p) = q ln(q/p) + (1−q) ln((1−q)/(1−p)), with 0 ln 0 = 0. By Chernoff's bound, n tosses of a coin
//! whose rate is at most p show q > p or more with probability ≤ exp(−n·KL(q‖p)).
//!
//! **Assumptions and limits.** The bound holds at any n and needs independent tosses. It is up to √(2πnq) times too
//! large, which costs some power but never causes a false alarm. Real rates vary more than tosses do, so the caller
//! sets p to the upper end of ordinary windows, not to their average.
//!
//! **Cost.** Two logarithms. **Source.** Chernoff 1952; Hoeffding 1963, theorem 1. **Rejected.** The normal test of a
//! proportion, because its tail is wrong by orders of magnitude at rates of a few per mille. A binomial test against
//! the mean rate, because it pages for every ordinary burst.

/// KL(q‖p) of two coins, in nats, 0..=∞. Both rates are in 0..=1.
#[must_use]
pub fn bernoulli_divergence(q: f64, p: f64) -> f64 {
    (term(q, p) + term(1.0 - q, 1.0 - p)).max(0.0)
}

fn term(q: f64, p: f64) -> f64 {
    if q <= 0.0 {
        0.0
    } else if p <= 0.0 {
        f64::INFINITY
    } else {
        q * libm::log(q / p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_zero_only_between_equal_coins() {
        assert_eq!(bernoulli_divergence(0.3, 0.3), 0.0);
        assert_eq!(bernoulli_divergence(0.0, 0.0), 0.0);
        assert_eq!(bernoulli_divergence(1.0, 1.0), 0.0);
        assert!(bernoulli_divergence(0.31, 0.3) > 0.0);
    }

    #[test]
    fn what_was_impossible_is_infinitely_surprising() {
        assert_eq!(bernoulli_divergence(0.1, 0.0), f64::INFINITY);
        assert_eq!(bernoulli_divergence(0.9, 1.0), f64::INFINITY);
    }
}

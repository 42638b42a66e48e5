//! The divergence of two coins, by which rates are told apart at any number of events.
//!
//! **Intuition.** How many nats each toss of a coin of rate `q` speaks against its having rate `p`.
//!
//! **Formula.** KL(q‖p) = q ln(q/p) + (1−q) ln((1−q)/(1−p)), 0 ln 0 = 0. By Chernoff's bound n tosses of a coin whose
//! rate is at most p show q > p or more with probability ≤ exp(−n·KL(q‖p)).
//!
//! **Assumptions and limits.** The bound holds at any n and wants independent tosses; it is up to √(2πnq) times too
//! large, which costs some power and never a false alarm. Real rates vary more than tosses do: the caller puts p where
//! ordinary windows end, not where they are on average.
//!
//! **Cost.** Two logarithms. **Source.** Chernoff 1952; Hoeffding 1963, theorem 1. **Rejected.** The normal test of a
//! proportion, whose tail is wrong by orders of magnitude at rates of a few per mille; a binomial test against the mean
//! rate, which pages for every ordinary burst.

/// KL(q‖p) of two coins in nats, 0..=∞; both rates in 0..=1.
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

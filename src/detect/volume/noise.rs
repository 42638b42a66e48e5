//! Noise of counts: the quantile of the normal law, for D of Poisson counts.

/// Halvings of the bisection: enough for every digit of a double.
const HALVINGS: u32 = 60;
/// Largest quantile: beyond it, the tail is 0 as a double.
const QUANTILE_MAX: f64 = 38.0;

/// z with P(N > z) = `alpha`, for `alpha` in 0..=0.5, by bisection.
pub(super) fn quantile(alpha: f64) -> f64 {
    let (mut low, mut high) = (0.0, QUANTILE_MAX);
    for _ in 0..HALVINGS {
        let z = (low + high) / 2.0;
        if libm::erfc(z / std::f64::consts::SQRT_2) / 2.0 > alpha {
            low = z;
        } else {
            high = z;
        }
    }
    high
}

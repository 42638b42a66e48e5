//! Logarithm of the upper incomplete gamma function: the tail of every χ² distribution, at any distance.
//!
//! **Formula.** ln Q(a, x), Q(a, x) = Γ(a, x) ÷ Γ(a). Below x = a + 1, it is computed from the series of P = 1 − Q;
//! above, from the continued fraction in Lentz's form. Both have the factor xᵃ e⁻ˣ ÷ Γ(a), which stays a logarithm.
//!
//! **Assumptions and limits.** a > 0, x ≥ 0. The relative error of the logarithm is below 1e-11 for a ≤ 10³ and grows
//! with a ln a to about 1e-9 at a = 10⁶. After [`STEPS_MAX`] steps, the sum so far is returned. This happens with a
//! above 10⁹ near x = a, far from any real window.
//!
//! **Cost.** About √a steps of one division each; 10–40 for the distributions of ten groups.
//!
//! **Source.** Press et al., Numerical Recipes, section 6.2; Lentz 1976 as modified by Thompson and Barnett 1986.
//! **Rejected.** `statrs`: its logarithms come from the platform, so alerts would differ in the last bits between
//! machines. Its tail is 0 beyond e⁻⁷⁰⁹, and an outage of a busy feature already lies beyond that. Quantiles of 1 − α,
//! because a double rounds that to 1.

const STEPS_MAX: u32 = 200_000;
const PRECISION: f64 = 1e-16;
/// Replaces zero in a denominator, as in Thompson and Barnett.
const TINY: f64 = 1e-300;

/// ln Q(`shape`, `x`), in −∞..=0; 0 at `x` = 0. NaN for a shape that is not positive.
#[must_use]
pub fn ln_gamma_upper(shape: f64, x: f64) -> f64 {
    if shape.is_nan() || shape <= 0.0 || x.is_nan() {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 0.0;
    }
    let ln_factor = shape * libm::log(x) - x - libm::lgamma(shape);
    if x < shape + 1.0 {
        let lower = libm::exp(ln_factor) * series(shape, x);
        libm::log1p(-lower.min(1.0))
    } else {
        (ln_factor + libm::log(fraction(shape, x))).min(0.0)
    }
}

/// Σ xⁱ ÷ (a (a+1) … (a+i)).
fn series(shape: f64, x: f64) -> f64 {
    let mut term = 1.0 / shape;
    let mut sum = term;
    for step in 1..=STEPS_MAX {
        term *= x / (shape + f64::from(step));
        sum += term;
        if term < sum * PRECISION {
            break;
        }
    }
    sum
}

/// 1 ÷ (x+1−a − 1(1−a) ÷ (x+3−a − 2(2−a) ÷ (x+5−a − …))).
fn fraction(shape: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - shape;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut value = d;
    for step in 1..=STEPS_MAX {
        let i = f64::from(step);
        let a = -i * (i - shape);
        b += 2.0;
        d = 1.0 / not_zero(a * d + b);
        c = not_zero(b + a / c);
        value *= c * d;
        if (c * d - 1.0).abs() <= 2.0 * f64::EPSILON {
            break;
        }
    }
    value
}

fn not_zero(x: f64) -> f64 {
    if x.abs() < TINY { TINY } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_of_one_is_the_exponential_law() {
        for x in [1e-9, 0.1, 1.0, 1.9, 2.1, 50.0, 5_000.0, 1e6] {
            let ln_q = ln_gamma_upper(1.0, x);
            assert!((ln_q + x).abs() <= 1e-14 * x.max(1.0), "{x}: {ln_q}");
        }
    }

    #[test]
    fn falls_without_a_step_where_series_and_fraction_meet() {
        for shape in [0.5, 1.0, 4.5, 30.0, 2_000.0, 5e5] {
            let seam = shape + 1.0;
            let at = |factor: f64| ln_gamma_upper(shape, seam * factor);
            assert!(
                at(1.0 - 1e-7) >= at(1.0) && at(1.0) >= at(1.0 + 1e-7),
                "{shape}"
            );
            assert!((at(1.0 - 1e-9) - at(1.0 + 1e-9)).abs() < 1e-5, "{shape}");
        }
    }

    #[test]
    fn edges() {
        assert_eq!(ln_gamma_upper(3.0, 0.0), 0.0);
        assert!(ln_gamma_upper(0.0, 1.0).is_nan());
        assert!(ln_gamma_upper(1.0, f64::NAN).is_nan());
    }
}

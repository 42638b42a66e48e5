//! Conversion to numbers that JSON can represent and that people can read.

/// Number with infinities clamped to the largest double and subnormal numbers as 0; `None` for NaN. A subnormal number, such
/// as a p-value of 1.2e-310, has lost most of its digits and some readers of JSON refuse it; it says no more than 0 does.
pub(super) fn finite(x: f64) -> Option<f64> {
    let normal = if x.is_subnormal() { 0.0 } else { x };
    (!x.is_nan()).then(|| normal.clamp(f64::MIN, f64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_finite_and_not_subnormal() {
        assert_eq!(finite(f64::NAN), None);
        assert_eq!(finite(f64::NEG_INFINITY), Some(f64::MIN));
        assert_eq!(finite(1.2e-310), Some(0.0));
        assert_eq!(finite(-5e-324), Some(0.0));
        assert_eq!(finite(f64::MIN_POSITIVE), Some(f64::MIN_POSITIVE));
    }
}

//! Conversion to numbers that JSON can represent.

/// Number with infinities clamped to the largest double; `None` for NaN.
pub(super) fn finite(x: f64) -> Option<f64> {
    (!x.is_nan()).then(|| x.clamp(f64::MIN, f64::MAX))
}

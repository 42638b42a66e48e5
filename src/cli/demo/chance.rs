//! Random draws for the demo's stream. The logarithm is written in Rust, so that all platforms agree.

use std::f64::consts::TAU;

use fastrand::Rng;

/// Draws a standard normal, by Box and Muller (1958).
pub(super) fn normal(rng: &mut Rng) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - rng.f64()));
    radius * libm::cos(TAU * rng.f64())
}

/// Draws a Poisson count: by the normal approximation above 30, by multiplication (Knuth) below.
pub(super) fn poisson(rng: &mut Rng, mean: f64) -> u32 {
    if mean > 30.0 {
        return libm::round(mean + libm::sqrt(mean) * normal(rng)).max(0.0) as u32;
    }
    let limit = libm::exp(-mean);
    let mut product = rng.f64();
    let mut count = 0;
    while product > limit {
        product *= rng.f64();
        count += 1;
    }
    count
}

/// Draws the number of failures before the first success of probability `p`.
pub(super) fn geometric(rng: &mut Rng, p: f64) -> u32 {
    (libm::log(1.0 - rng.f64()) / libm::log(1.0 - p)) as u32
}

/// Draws one of `choices` by its share. The last one takes the rest that rounding leaves.
#[expect(
    clippy::indexing_slicing,
    reason = "a table that is not empty, or it does not compile"
)]
pub(super) fn pick<T: Copy, const N: usize>(
    rng: &mut Rng,
    choices: &[T; N],
    share: impl Fn(&T) -> f64,
) -> T {
    const { assert!(N > 0) }
    let mut left = rng.f64();
    let found = choices.iter().find(|choice| {
        left -= share(choice);
        left < 0.0
    });
    *found.unwrap_or(&choices[N - 1])
}

//! Distribution of a number: a standard normal on a fixed grid of values, moved by its mean.

use std::sync::LazyLock;

/// Number of values, from −5 to 5 standard deviations. Values further out count as the last one.
pub const VALUES: usize = 81;
/// Distance of two values, in standard deviations.
const STEP: f64 = 0.125;
/// Means are rounded to hundredths, and cut at this one.
const MEAN_MAX: f64 = 6.0;
const MEANS_PER_UNIT: f64 = 100.0;

/// Probabilities of the values, by mean.
static BY_MEAN: LazyLock<Vec<[f64; VALUES]>> = LazyLock::new(|| {
    let means = 0..=(2.0 * MEAN_MAX * MEANS_PER_UNIT) as usize;
    let row = |mean: f64| std::array::from_fn(|value| probability(value, mean));
    means
        .map(|at| row(at as f64 / MEANS_PER_UNIT - MEAN_MAX))
        .collect()
});

/// The value at `index`, in standard deviations.
pub fn z(index: usize) -> f64 {
    (index as f64 - (VALUES / 2) as f64) * STEP
}

/// Probabilities of the values if the mean takes each of `means` for an equal part of the time.
pub fn probabilities(means: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; VALUES];
    for mean in means {
        let at = (mean.clamp(-MEAN_MAX, MEAN_MAX) + MEAN_MAX) * MEANS_PER_UNIT;
        let row = &BY_MEAN[at.round() as usize];
        sum.iter_mut().zip(row).for_each(|(sum, own)| *sum += own);
    }
    sum
}

fn probability(index: usize, mean: f64) -> f64 {
    let below = |edge: f64| 0.5 * libm::erfc(-edge / std::f64::consts::SQRT_2);
    let (low, high) = (z(index) - STEP / 2.0 - mean, z(index) + STEP / 2.0 - mean);
    match index {
        0 => below(high),
        last if last == VALUES - 1 => below(-low),
        _ => below(high) - below(low),
    }
}

#[test]
fn the_values_have_the_mean_that_was_asked_for_and_deviation_one() {
    for mean in [-0.5, 0.0, 0.25, 1.0] {
        let all = probabilities(&[mean]);
        let moment =
            |power: i32| -> f64 { (0..VALUES).map(|at| all[at] * z(at).powi(power)).sum() };
        assert!((moment(0) - 1.0).abs() < 1e-9);
        assert!((moment(1) - mean).abs() < 1e-4, "{mean}");
        assert!((moment(2) - mean * mean - 1.0).abs() < 2e-3, "{mean}");
    }
}

//! How much days differ from each other: the part that the variability of a subject and the habit of traffic share.

/// Standard deviation of the imagined days, as a share of the mean.
const IMAGINED: f64 = 0.35;
/// Number of imagined days. They keep the variance of equal days above 0.
const IMAGINED_DAYS: f64 = 2.0;

/// Variance of `days` days with this `mean`, whose squared distances from it sum up to `squares`.
pub(super) fn variance_of_days(days: f64, mean: f64, squares: f64) -> f64 {
    let imagined = IMAGINED_DAYS * (IMAGINED * mean) * (IMAGINED * mean);
    (imagined + squares) / (days + 1.0)
}

//! Draws from distributions, from one seed.

/// Largest expected count for which a binomial count is drawn by inversion.
const INVERSION_MAX: f64 = 12.0;
/// Trials of the binomial distribution that stands for a Poisson distribution.
const POISSON_TRIALS: u64 = 100_000_000;

/// Random numbers from one seed.
pub struct Draws(fastrand::Rng);

impl Draws {
    /// Random numbers that depend on `seed` and on `purpose` alone, so that one part of a simulation does not change another.
    pub fn of(seed: u64, purpose: &str) -> Self {
        let mixed = tidegauge::sketch::id_hash(&format!("{seed}/{purpose}"));
        Self(fastrand::Rng::with_seed(mixed))
    }

    /// Uniform in 0..1.
    pub fn uniform(&mut self) -> f64 {
        self.0.f64()
    }

    /// Uniform in `from..to`.
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.uniform()
    }

    /// Standard normal, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Student's t with 3 degrees of freedom. Its standard deviation is √3.
    pub fn t3(&mut self) -> f64 {
        let squares: f64 = (0..3).map(|_| self.normal().powi(2)).sum();
        self.normal() / (squares / 3.0).sqrt()
    }

    /// Poisson count.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        self.binomial(POISSON_TRIALS, mean / POISSON_TRIALS as f64)
    }

    /// Number of successes in `n` trials.
    pub fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if p > 0.5 {
            return n - self.binomial(n, 1.0 - p);
        }
        if n == 0 || p <= 0.0 {
            0
        } else if n as f64 * p < INVERSION_MAX {
            self.binomial_by_inversion(n, p)
        } else {
            self.binomial_by_rejection(n as f64, p)
        }
    }

    fn binomial_by_inversion(&mut self, n: u64, p: f64) -> u64 {
        let odds = p / (1.0 - p);
        let mut chance = (n as f64 * (-p).ln_1p()).exp();
        let (mut rest, mut count) = (self.uniform(), 0);
        while rest > chance && count < n {
            rest -= chance;
            count += 1;
            chance *= odds * (n + 1 - count) as f64 / count as f64;
        }
        count
    }

    /// Algorithm BTRS of Hörmann, "The generation of binomial random variates" (1993): exact.
    fn binomial_by_rejection(&mut self, n: f64, p: f64) -> u64 {
        let spread = (n * p * (1.0 - p)).sqrt();
        let b = 1.15 + 2.53 * spread;
        let a = -0.0873 + 0.0248 * b + 0.01 * p;
        let alpha = (2.83 + 5.1 / b) * spread;
        let odds = p / (1.0 - p);
        let mode = ((n + 1.0) * p).floor();
        loop {
            let (u, v) = (self.uniform() - 0.5, self.uniform());
            let edge = 0.5 - u.abs();
            let k = ((2.0 * a / edge + b) * u + n * p + 0.5).floor();
            if edge >= 0.07 && v <= 0.92 - 4.2 / b {
                return k as u64;
            }
            if k < 0.0 || k > n {
                continue;
            }
            let bound = (mode + 0.5) * ((mode + 1.0) / (odds * (n - mode + 1.0))).ln()
                + (n + 1.0) * ((n - mode + 1.0) / (n - k + 1.0)).ln()
                + (k + 0.5) * (odds * (n - k + 1.0) / (k + 1.0)).ln()
                + stirling_rest(mode)
                + stirling_rest(n - mode)
                - stirling_rest(k)
                - stirling_rest(n - k);
            if (v * alpha / (a / (edge * edge) + b)).ln() <= bound {
                return k as u64;
            }
        }
    }

    /// `n` events spread over equal parts.
    pub fn spread(&mut self, n: u64, parts: usize) -> Vec<u64> {
        self.multinomial(n, &vec![1.0; parts])
    }

    /// Counts of `n` draws from cells with these weights. The weights need not sum to 1.
    pub fn multinomial(&mut self, n: u64, weights: &[f64]) -> Vec<u64> {
        let (mut rest, mut weight) = (n, weights.iter().sum::<f64>());
        let mut counts = Vec::with_capacity(weights.len());
        for own in weights {
            let count = match rest {
                0 => 0,
                _ if *own >= weight => rest, // rounding: nothing is left for later cells
                _ => self.binomial(rest, own / weight),
            };
            counts.push(count);
            rest -= count;
            weight -= own;
        }
        if let Some(last) = counts.last_mut() {
            *last += rest;
        }
        counts
    }
}

/// ln k! less Stirling's formula without its rest.
fn stirling_rest(k: f64) -> f64 {
    let next = k + 1.0;
    if k <= 9.0 {
        let factorial: f64 = (1..=k as u64).map(|i| i as f64).product();
        let half_log_tau = 0.5 * std::f64::consts::TAU.ln();
        return factorial.ln() - ((k + 0.5) * next.ln() - next + half_log_tau);
    }
    let square = next * next;
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1_260.0 / square) / square) / next
}

/// Mean and variance of `count` draws.
#[cfg(test)]
fn moments(count: u64, mut draw: impl FnMut() -> f64) -> (f64, f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..count {
        let x = draw();
        sum += x;
        squares += x * x;
    }
    let mean = sum / count as f64;
    (mean, squares / count as f64 - mean * mean)
}

#[test]
fn binomial_counts_have_the_mean_and_the_variance_of_the_distribution() {
    let mut draws = Draws::of(1, "binomial");
    for (n, p) in [
        (10, 0.3),
        (200, 0.02),
        (200, 0.98),
        (1_500, 0.1),
        (15_000, 0.4),
    ] {
        let (mean, variance) = moments(40_000, || draws.binomial(n, p) as f64);
        let (expected, spread) = (n as f64 * p, n as f64 * p * (1.0 - p));
        assert!(
            (mean - expected).abs() < 0.025 * spread.sqrt(),
            "{n} {p}: {mean}"
        );
        assert!(
            (variance / spread - 1.0).abs() < 0.04,
            "{n} {p}: {variance} {spread}"
        );
    }
}

#[test]
fn multinomial_counts_sum_to_the_draws_and_follow_the_weights() {
    let mut draws = Draws::of(2, "multinomial");
    let weights = [3.0, 0.0, 1.0, 6.0];
    let mut sums = [0; 4];
    for _ in 0..2_000 {
        let counts = draws.multinomial(100, &weights);
        assert_eq!(counts.iter().sum::<u64>(), 100);
        sums.iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
    }
    for (sum, weight) in sums.iter().zip(weights) {
        let share = *sum as f64 / 200_000.0;
        assert!((share - weight / 10.0).abs() < 0.006, "{share} {weight}");
    }
}

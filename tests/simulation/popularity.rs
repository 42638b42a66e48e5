//! Popularity of many categories: Zipf's law, and how it moves.

use crate::draws::Draws;
use crate::stream::QUARTERS_PER_DAY;

/// Number of categories.
pub const CATEGORIES: usize = 2_000;

/// How the logarithm of a category's weight moves. Each category moves for itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Popularity {
    /// Not at all.
    Fixed,
    /// Autoregressive with coefficient 0.9 a quarter of an hour.
    Ar { sd: f64 },
    /// A random walk: `sd_per_day` after a day, √30 times that after 30 days.
    Trend { sd_per_day: f64 },
}

/// Weights of the categories of one subject, at a moment.
pub struct Zipf {
    popularity: Popularity,
    logs: Vec<f64>,
}

impl Zipf {
    pub fn new(popularity: Popularity) -> Self {
        Self {
            popularity,
            logs: vec![0.0; CATEGORIES],
        }
    }

    /// Weights during the next quarter of an hour.
    pub fn weights(&mut self, draws: &mut Draws) -> Vec<f64> {
        let (coefficient, fresh): (f64, f64) = match self.popularity {
            Popularity::Fixed => (1.0, 0.0),
            Popularity::Ar { sd } => (0.9, sd * 0.19_f64.sqrt()),
            Popularity::Trend { sd_per_day } => {
                (1.0, sd_per_day / (QUARTERS_PER_DAY as f64).sqrt())
            }
        };
        if fresh > 0.0 {
            for log in &mut self.logs {
                *log = coefficient * *log + fresh * draws.normal();
            }
        }
        let ranked = self.logs.iter().zip(1..);
        ranked
            .map(|(log, rank)| log.exp() / f64::from(rank))
            .collect()
    }
}

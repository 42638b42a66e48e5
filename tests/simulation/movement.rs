//! Movements: how the mean of a subject moves in ordinary traffic, in standard deviations of the subject.

use crate::draws::Draws;
use crate::stream::{QUARTERS_PER_DAY, Quarter};

const MINUTES_PER_QUARTER: usize = 15;

/// How the mean of a subject moves. Standard deviations (`sd`) are those of the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Movement {
    /// Not at all.
    Still,
    /// Autoregressive of order 1 with coefficient 0.9, a step a minute.
    ArMinute { sd: f64 },
    /// Autoregressive of order 1 with coefficient 0.9, a step a quarter of an hour.
    ArQuarter { sd: f64 },
    /// Autoregressive of order 1 that forgets in a day: coefficient e^(−1/96) a quarter of an hour.
    ArDay { sd: f64 },
    /// A sine of one day. Its peak is at another hour for each subject.
    Daily { amplitude: f64 },
    /// Higher on Saturday and Sunday.
    Weekly { rise: f64 },
    /// Student's t with 3 degrees of freedom, drawn anew for each quarter of an hour.
    HeavyTails { sd: f64 },
}

/// The movement of one subject, at a moment.
pub struct Mover {
    movement: Movement,
    /// Quarter of the day at which a daily movement is highest.
    peak: f64,
    level: f64,
}

impl Mover {
    /// Starts a movement in its stationary state.
    pub fn new(movement: Movement, draws: &mut Draws) -> Self {
        let sd = match movement {
            Movement::ArMinute { sd } | Movement::ArQuarter { sd } | Movement::ArDay { sd } => sd,
            _ => 0.0,
        };
        Self {
            movement,
            peak: draws.between(0.0, QUARTERS_PER_DAY as f64),
            level: sd * draws.normal(),
        }
    }

    /// Means during the next quarter of an hour, for equal parts of it.
    pub fn means(&mut self, at: Quarter, draws: &mut Draws) -> Vec<f64> {
        match self.movement {
            Movement::Still => vec![0.0],
            Movement::ArMinute { sd } => (0..MINUTES_PER_QUARTER)
                .map(|_| self.step(0.9, sd, draws))
                .collect(),
            Movement::ArQuarter { sd } => vec![self.step(0.9, sd, draws)],
            Movement::ArDay { sd } => {
                vec![self.step((-1.0 / QUARTERS_PER_DAY as f64).exp(), sd, draws)]
            }
            Movement::Daily { amplitude } => {
                let turn = (at.of_day() as f64 + 0.5 - self.peak) / QUARTERS_PER_DAY as f64;
                vec![amplitude * (std::f64::consts::TAU * turn).cos()]
            }
            Movement::Weekly { rise } => vec![if at.is_weekend() { rise } else { 0.0 }],
            Movement::HeavyTails { sd } => vec![sd / 3.0_f64.sqrt() * draws.t3()],
        }
    }

    fn step(&mut self, coefficient: f64, sd: f64, draws: &mut Draws) -> f64 {
        let fresh = sd * (1.0 - coefficient * coefficient).sqrt();
        self.level = coefficient * self.level + fresh * draws.normal();
        self.level
    }
}

#[cfg(test)]
fn path(movement: Movement, quarters: i64) -> Vec<f64> {
    let mut draws = Draws::of(3, "path");
    let mut mover = Mover::new(movement, &mut draws);
    let quarters = (0..quarters).map(Quarter);
    quarters
        .flat_map(|at| mover.means(at, &mut draws))
        .collect()
}

#[test]
fn an_autoregressive_movement_has_its_deviation_and_its_coefficient() {
    let mut coefficients = Vec::new();
    for movement in [
        Movement::ArMinute { sd: 0.5 },
        Movement::ArQuarter { sd: 0.5 },
    ] {
        let path = path(movement, 40_000);
        let square = |lag: usize| -> f64 {
            let pairs = path.iter().zip(path.iter().skip(lag));
            pairs.map(|(a, b)| a * b).sum::<f64>() / path.len() as f64
        };
        assert!((square(0).sqrt() - 0.5).abs() < 0.03, "{movement:?}");
        coefficients.push(square(1) / square(0));
    }
    assert!(
        coefficients.iter().all(|c| (c - 0.9).abs() < 0.01),
        "{coefficients:?}"
    );
}

#[test]
fn a_season_returns_after_its_period() {
    let week = 7 * QUARTERS_PER_DAY;
    for movement in [
        Movement::Daily { amplitude: 0.35 },
        Movement::Weekly { rise: 0.5 },
    ] {
        let path = path(movement, 2 * week);
        let (first, second) = path.split_at(week as usize);
        let same = first.iter().zip(second).all(|(a, b)| (a - b).abs() < 1e-9);
        let span = first.iter().copied().fold(f64::MIN, f64::max)
            - first.iter().copied().fold(f64::MAX, f64::min);
        assert!(same && span > 0.49, "{movement:?} {span}");
    }
}

//! How an objective stands: what is left of its error budget, and how long it lasts.
//!
//! **Formula.** At burn rate b, what remains lasts remaining × period ÷ b. Beyond a period from now nothing is said, because by then
//! all that is counted now has left the period.

use super::allowance::Allowance;
use super::budget::period;
use super::objective::{Objective, Rule};
use super::series::Series;
use crate::sketch::Share;
use crate::window::{Boundary, Span, WindowLength};

/// How an objective stands at a boundary.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetStatus {
    /// Good of valid over the period, whose start is rounded down to the full hour.
    pub share: Share,
    /// The burn rate in each long window, in their order; `None` without events.
    pub burn_rates: Vec<(WindowLength, Option<f64>)>,
    /// What is left of the error budget: 1 is all of it, below 0 it is overdrawn; `None` without events or target.
    pub remaining: Option<f64>,
    /// When it will be gone at the burn rate of the longest window, rounded down to the minute: `at` if it is gone, `None` if at this rate that is not
    /// within a period.
    pub exhausted_at: Option<Boundary>,
}

/// How `objective` stands at `at` by what `series` counted before.
#[must_use]
pub fn standing(objective: &Objective, series: &Series, at: Boundary) -> BudgetStatus {
    let share = series.sum(period(objective.period_minutes(), at));
    let allowance = objective.target().map(Allowance::of_target);
    let remaining = allowance.and_then(|own| Some(1.0 - own.burn(share)?));
    let burn_rates = allowance.map_or(Vec::new(), |own| burn_rates(objective, series, at, own));
    let rate = burn_rates.iter().max_by_key(|(length, _)| *length);
    let rate = rate.and_then(|(_, rate)| *rate).unwrap_or(0.0);
    BudgetStatus {
        share,
        remaining,
        exhausted_at: remaining.and_then(|left| {
            let minutes = minutes_left(Left(left), rate, objective.period_minutes())?;
            Some(at.plus_minutes(minutes))
        }),
        burn_rates,
    }
}

fn burn_rates(
    objective: &Objective,
    series: &Series,
    at: Boundary,
    allowance: Allowance,
) -> Vec<(WindowLength, Option<f64>)> {
    let Rule::Burn(rule) = &objective.rule else {
        return Vec::new();
    };
    let rate = |long| allowance.burn(series.sum(Span::ending_at(at, long)));
    rule.windows
        .iter()
        .map(|w| (w.long, rate(w.long)))
        .collect()
}

/// The share of the budget that is left.
struct Left(f64);

/// How long it lasts at a burn rate; `None` where that is longer than the period.
fn minutes_left(Left(left): Left, rate: f64, period_minutes: i64) -> Option<i64> {
    if left <= 0.0 {
        return Some(0);
    }
    let minutes = left * period_minutes as f64 / rate;
    (rate > 0.0 && minutes <= period_minutes as f64).then_some(minutes as i64)
}

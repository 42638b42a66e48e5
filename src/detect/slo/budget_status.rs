//! Status of an objective: the remaining error budget, and how long it lasts.
//!
//! **Formula.** At burn rate b, the remaining budget lasts remaining × period ÷ b. Nothing is reported beyond a period from now, because by then
//! all events that are counted now have left the period.

use super::allowance::Allowance;
use super::budget::period;
use super::objective::{Objective, Rule};
use super::series::Series;
use crate::sketch::Share;
use crate::window::{Boundary, Span, WindowLength};

/// Status of an objective at a boundary.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetStatus {
    /// Good and valid events of the period, whose start is rounded down to the full hour.
    pub share: Share,
    /// Burn rate in each long window, in the order of the rule; `None` without events.
    pub burn_rates: Vec<(WindowLength, Option<f64>)>,
    /// Remaining error budget: 1 is all of it, below 0 it is overdrawn; `None` without events or target.
    pub remaining: Option<f64>,
    /// Boundary at which the budget ends at the burn rate of the longest window, rounded down to the minute. It is `at` if the budget is spent, and `None`
    /// if the budget lasts longer than a period at this rate.
    pub exhausted_at: Option<Boundary>,
}

/// Status of `objective` at `at`, from the events that `series` counted before `at`.
#[must_use]
pub fn budget_status(objective: &Objective, series: &Series, at: Boundary) -> BudgetStatus {
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
    let windows = match &objective.rule {
        Rule::Burn(rule) => rule.windows.as_slice(),
        Rule::Below(_) | Rule::AboveLastWeek(_) => &[],
    };
    let rate = |long| allowance.burn(series.sum(Span::ending_at(at, long)));
    windows.iter().map(|w| (w.long, rate(w.long))).collect()
}

/// Remaining share of the budget.
struct Left(f64);

/// Minutes that the budget lasts at a burn rate; `None` if that is longer than the period.
fn minutes_left(Left(left): Left, rate: f64, period_minutes: i64) -> Option<i64> {
    if left <= 0.0 {
        return Some(0);
    }
    let minutes = left * period_minutes as f64 / rate;
    (rate > 0.0 && minutes <= period_minutes as f64).then_some(minutes as i64)
}

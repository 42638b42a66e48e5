//! Status of an objective: the remaining error budget, and how long it lasts.
//!
//! **Formula.** At burn rate b, the remaining budget lasts remaining × period ÷ b. Nothing is reported beyond a period from now, because by then
//! all events that are counted now have left the period.

use super::allowance::Allowance;
use super::budget::{is_judged, period};
use super::burn::BurnWindow;
use super::certainty::EventsNeeded;
use super::objective::{Objective, Rule};
use super::series::Series;
use crate::sketch::Share;
use crate::window::{Boundary, Span, WindowLength};

/// Status of an objective at a boundary.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetStatus {
    /// Good and valid events of the period, whose start is rounded down to the full hour.
    pub share: Share,
    /// Burn rate in each long window, in the order of the rule; `None` with fewer events than the rule needs, and without any.
    pub burn_rates: Vec<(WindowLength, Option<f64>)>,
    /// Remaining error budget: 1 is all of it, below 0 it is overdrawn; `None` without a target, or with fewer events than
    /// `budget_exhausted` needs.
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
    let needs = EventsNeeded {
        events_min: objective.events_min,
        is_delayed: objective.sli.is_delayed(),
    };
    let judged = allowance.filter(|own| is_judged(share, *own, needs));
    let remaining = judged.and_then(|own| Some(1.0 - own.burn(share)?));
    let in_window =
        |long| Some(series.sum(Span::ending_at(at, long))).filter(|own| needs.is_met(*own));
    let rate = |own: Allowance, long| in_window(long).and_then(|share| own.burn(share));
    let windows = burn_windows(objective).iter().map(|window| window.long);
    let burn_rates: Vec<(WindowLength, Option<f64>)> = allowance.map_or(Vec::new(), |own| {
        windows.map(|long| (long, rate(own, long))).collect()
    });
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

fn burn_windows(objective: &Objective) -> &[BurnWindow] {
    match &objective.rule {
        Rule::Burn(rule) => &rule.windows,
        Rule::Below(_) | Rule::AboveLastWeek(_) => &[],
    }
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

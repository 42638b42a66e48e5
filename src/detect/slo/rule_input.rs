//! Evaluation of an objective's rule at one boundary.

use super::objective::Objective;
use super::rule::RuleFinding;
use super::series::Series;
use crate::sketch::Share;
use crate::window::Boundary;

/// Input of an objective's rule at one boundary.
#[derive(Debug, Clone, Copy)]
pub struct RuleInput<'a> {
    /// Objective to evaluate.
    pub objective: &'a Objective,
    /// Counts of the objective in one scope, complete up to `at`.
    pub series: &'a Series,
    /// Boundary at which the windows end.
    pub at: Boundary,
    /// Share of [`Objective::matured_window`]; `None` if no label delay is known yet, or too few predictions have labels.
    pub matured: Option<Share>,
}

/// Findings of the objective's rule at a boundary; empty at boundaries off the grid of [`Objective::step_minutes`].
#[must_use]
pub fn judge(input: &RuleInput<'_>) -> Vec<RuleFinding> {
    let RuleInput {
        objective,
        series,
        at,
        matured,
    } = *input;
    if at.on_grid(objective.step_minutes()) {
        objective.judge(series, at, matured)
    } else {
        Vec::new()
    }
}

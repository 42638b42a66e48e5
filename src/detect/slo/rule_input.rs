//! One look at an objective: what its rule says at a boundary.

use super::objective::Objective;
use super::rule::Observation;
use super::series::Series;
use crate::sketch::Share;
use crate::window::Boundary;

/// What there is to look at.
#[derive(Debug, Clone, Copy)]
pub struct RuleInput<'a> {
    /// The objective.
    pub objective: &'a Objective,
    /// Its counts in one scope, with everything before `at`.
    pub series: &'a Series,
    /// The boundary: windows end here.
    pub at: Boundary,
    /// The labels of [`Objective::matured_window`]; `None` where no label delay is known yet or too few predictions have labels.
    pub matured: Option<Share>,
}

/// What the objective's rule says at a boundary; nothing at boundaries off the grid of [`Objective::step_minutes`].
#[must_use]
pub fn judge(input: &RuleInput<'_>) -> Vec<Observation> {
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

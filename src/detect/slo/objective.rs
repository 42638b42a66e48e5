//! Objective: an SLI, and the rule by which missing it becomes an alert.

use super::above::{self, AboveLastWeekRule};
use super::below::{self, BelowRule};
use super::burn_rule::BurnRule;
use super::rule::{KeptFinding, ObjectiveRule, RuleCase, RuleFinding, RuleStatement};
use super::series::{Series, SeriesRetention};
use super::sli::Sli;
use super::{budget, burn};
use crate::sketch::Share;
use crate::window::{Boundary, WindowLength};

/// Objective of a model: an SLI with a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// Name, unique among all objectives.
    pub name: String,
    /// Model that it applies to; `None` for every model, each by itself.
    pub model: Option<String>,
    /// Service level indicator: decides which events are good.
    pub sli: Sli,
    /// Rule by which missing it becomes an alert.
    pub rule: Rule,
    /// Valid events that a long window (for a budget, the period) must contain to be evaluated; 0 and 1: any number. Label-based rules need at least
    /// [`super::LABELS_MIN`].
    pub events_min: u64,
}

/// Rule by which missing an objective becomes an alert. Targets, floors and margins are shares, 0..=1.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// The error budget is spent too fast, or spent.
    Burn(BurnRule),
    /// The share of good events among matured labels is below a floor.
    Below(BelowRule),
    /// The share of bad events is higher than a week ago.
    AboveLastWeek(AboveLastWeekRule),
}

/// Function that states a detector's finding in an alert.
type State = fn(&KeptFinding<'_>) -> Option<RuleStatement>;

/// Every detector of objectives, with its statement.
const STATES: [(&str, State); 4] = [
    (burn::NAME, burn::state),
    (budget::NAME, budget::state),
    (below::NAME, below::state),
    (above::NAME, above::state),
];

/// Statement of a finding of `detector` in an alert; `None` if no rule of an objective has this detector, or if a number of its facts is missing.
#[must_use]
pub fn statement(detector: &str, finding: &KeptFinding<'_>) -> Option<RuleStatement> {
    let (_, state) = STATES.iter().find(|(name, _)| *name == detector)?;
    state(finding)
}

impl Rule {
    fn as_rule(&self) -> &dyn ObjectiveRule {
        match self {
            Self::Burn(rule) => rule,
            Self::Below(rule) => rule,
            Self::AboveLastWeek(rule) => rule,
        }
    }
}

impl Objective {
    /// True if it applies to `model`.
    #[must_use]
    pub fn is_about(&self, model: &str) -> bool {
        self.model.as_deref().is_none_or(|own| own == model)
    }

    /// Minutes between evaluations. Boundaries off this grid are not evaluated.
    #[must_use]
    pub fn step_minutes(&self) -> i64 {
        self.rule.as_rule().step_minutes(self.sli.is_delayed())
    }

    /// Target share of good events; `None` if the rule has no target.
    #[must_use]
    pub fn target(&self) -> Option<f64> {
        self.rule.as_rule().target()
    }

    /// Period of the objective, in minutes.
    #[must_use]
    pub fn period_minutes(&self) -> i64 {
        self.rule.as_rule().period_minutes()
    }

    /// Retention of the counts that its rule needs.
    #[must_use]
    pub fn retention(&self) -> SeriesRetention {
        self.rule.as_rule().retention()
    }

    /// Window of predictions whose labels must be mature before its rule is evaluated; `None` if the rule needs only the series.
    #[must_use]
    pub fn matured_window(&self) -> Option<WindowLength> {
        self.rule.as_rule().matured_window()
    }

    fn case<'a>(
        &'a self,
        series: &'a Series,
        at: Boundary,
        matured: Option<Share>,
    ) -> RuleCase<'a> {
        RuleCase {
            objective: &self.name,
            is_delayed: self.sli.is_delayed(),
            events_min: self.events_min,
            series,
            at,
            matured,
        }
    }

    pub(super) fn judge(
        &self,
        series: &Series,
        at: Boundary,
        matured: Option<Share>,
    ) -> Vec<RuleFinding> {
        let rule = self.rule.as_rule();
        rule.judge(&self.case(series, at, matured))
    }
}

//! What an objective is: an SLI, and the rule by which missing it becomes an alert.

use super::above::{self, AboveLastWeekRule};
use super::below::{self, BelowRule};
use super::burn_rule::BurnRule;
use super::rule::{KeptFinding, ObjectiveRule, Observation, RuleCase, RuleStatement};
use super::series::{Series, SeriesRetention};
use super::sli::Sli;
use super::{budget, burn};
use crate::sketch::Share;
use crate::window::{Boundary, WindowLength};

/// Something that is promised of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// Its name, distinct among all objectives.
    pub name: String,
    /// The model it is about; `None`: every model, each by itself.
    pub model: Option<String>,
    /// What is asked of an event.
    pub sli: Sli,
    /// When missing it is an alert.
    pub rule: Rule,
    /// Valid events that a long window (of a budget: the period) must hold to be judged; 0 and 1: any. Label-based rules ask for at least
    /// [`super::LABELS_MIN`].
    pub events_min: u64,
}

/// When missing an objective is an alert. Targets, floors and margins are shares, 0..=1.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// The error budget is spent too fast, or spent.
    Burn(BurnRule),
    /// The share of good events among matured labels is below a floor.
    Below(BelowRule),
    /// The share of bad events is more than a week ago.
    AboveLastWeek(AboveLastWeekRule),
}

/// What the finding of a detector says in an alert.
type State = fn(&KeptFinding<'_>) -> Option<RuleStatement>;

/// Every detector of an objective.
const STATES: [(&str, State); 4] = [
    (burn::NAME, burn::state),
    (budget::NAME, budget::state),
    (below::NAME, below::state),
    (above::NAME, above::state),
];

/// What the finding of `detector` says in an alert; `None` if the detector is no objective's, or a number of its facts is missing.
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
    /// Whether it is about this model.
    #[must_use]
    pub fn is_about(&self, model: &str) -> bool {
        self.model.as_deref().is_none_or(|own| own == model)
    }

    /// Minutes from one judgement to the next: boundaries off this grid are not judged.
    #[must_use]
    pub fn step_minutes(&self) -> i64 {
        self.rule.as_rule().step_minutes(self.sli.is_delayed())
    }

    /// The share of good events that is promised; `None` where only a rise is judged.
    #[must_use]
    pub fn target(&self) -> Option<f64> {
        self.rule.as_rule().target()
    }

    /// The span over which it is promised, in minutes.
    #[must_use]
    pub fn period_minutes(&self) -> i64 {
        self.rule.as_rule().period_minutes()
    }

    /// The counts that must be kept for it.
    #[must_use]
    pub fn retention(&self) -> SeriesRetention {
        self.rule.as_rule().retention()
    }

    /// The window of predictions whose labels must be there before its rule judges; `None` where the series is all it needs.
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
    ) -> Vec<Observation> {
        let rule = self.rule.as_rule();
        rule.judge(&self.case(series, at, matured))
    }
}

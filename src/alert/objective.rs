//! What an alert about an objective says beside its causes: the objective, the rule's statement, and what remains of the budget.

use serde::{Deserialize, Serialize};

use super::cause::{Cause, Evidence};
use crate::detect::slo::{KeptFinding, RuleStatement, statement};

/// Stands for the name of an SLI that is not known any more.
const UNKNOWN_SLI: &str = "share of good ones";

/// An objective as an alert tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveFacts {
    /// The objective's name.
    pub name: String,
    /// The name of its SLI; `None` where it is not known any more.
    pub sli: Option<String>,
    /// False if the alert ended because the objective was removed from the configuration.
    pub is_configured: bool,
    /// What the rule of the first cause says; `None` for a rule of another version, whose facts are not these.
    pub statement: Option<RuleStatement>,
    /// Share of the period's error budget that is left; below 0 once it is overdrawn, `None` where it is not known.
    pub budget_remaining: Option<f64>,
}

impl ObjectiveFacts {
    /// What the rule behind `cause` says, by the evidence that was kept.
    pub(super) fn statement_of(
        cause: &Cause,
        evidence: &Evidence,
        sli: Option<&str>,
    ) -> Option<RuleStatement> {
        let finding = KeptFinding {
            value: evidence.value,
            threshold: evidence.threshold,
            pages: evidence.critical_effect,
            window: cause.length,
            sli: sli.unwrap_or(UNKNOWN_SLI),
            number: &|name| evidence.details.get(name).copied(),
        };
        statement(&cause.detector, &finding)
    }

    pub(super) fn part(&self, rule: &str) -> ObjectivePart {
        let statement = self.statement.as_ref();
        ObjectivePart {
            name: self.name.clone(),
            sli: self.sli.clone(),
            rule: rule.to_owned(),
            target: statement.and_then(|s| s.target),
            good: statement.map(|s| s.good as f64),
            valid: statement.map(|s| s.valid as f64),
            budget_remaining: self.budget_remaining,
        }
    }
}

/// The objective that is not met, as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectivePart {
    /// Its name.
    pub name: String,
    /// What is good: `precision`, `latency`; `null` where it was not said.
    pub sli: Option<String>,
    /// The rule by which it is not met: `burn_rate`, `budget_exhausted`, `below_floor`, `above_last_week`.
    pub rule: String,
    /// Share of good ones that is promised, 0..1; `null` where the rule promises none.
    pub target: Option<f64>,
    /// Good ones of the window that was judged.
    pub good: Option<f64>,
    /// Those of the window that were asked.
    pub valid: Option<f64>,
    /// Share of the period's error budget that is left; below 0 once it is overdrawn, `null` where it is not known.
    pub budget_remaining: Option<f64>,
}

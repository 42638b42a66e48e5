//! What an alert about an objective adds to its causes: the objective, the rule's statement, and the remaining budget.

use serde::{Deserialize, Serialize};

use super::cause::{Cause, Evidence};
use crate::detect::slo::{KeptFinding, RuleStatement, statement};

/// Text in place of the name of an SLI that is no longer known.
const UNKNOWN_SLI: &str = "share of good ones";

/// Objective as an alert describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveFacts {
    /// Name of the objective.
    pub name: String,
    /// Name of its SLI; `None` if it is no longer known.
    pub sli: Option<String>,
    /// False if the alert ended because the objective was removed from the configuration.
    pub is_configured: bool,
    /// Statement of the first cause's rule; `None` if another version of the rule wrote the evidence, with other facts.
    pub statement: Option<RuleStatement>,
    /// Remaining share of the period's error budget; below 0 once it is overdrawn, `None` if it is not known.
    pub budget_remaining: Option<f64>,
}

impl ObjectiveFacts {
    /// Statement of the rule behind `cause`, from the kept evidence.
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

/// Objective that is not met, as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectivePart {
    /// Name of the objective.
    pub name: String,
    /// Name of the SLI, such as `precision` or `latency_ms`; `null` if it is not known.
    pub sli: Option<String>,
    /// Detector that found it not met: `burn_rate`, `budget_exhausted`, `below_floor`, `above_last_week`.
    pub rule: String,
    /// Target share of good events, 0..1; `null` if the rule has no target.
    pub target: Option<f64>,
    /// Good events of the evaluated window.
    pub good: Option<f64>,
    /// Valid events of the evaluated window.
    pub valid: Option<f64>,
    /// Remaining share of the period's error budget; below 0 once it is overdrawn, `null` if it is not known.
    pub budget_remaining: Option<f64>,
}

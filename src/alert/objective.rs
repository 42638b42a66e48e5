//! What an alert about an objective says beside its cause: which objective, by which rule, and what remains of its budget.

use serde::{Deserialize, Serialize};

use super::cause::{Cause, Evidence};
use crate::sketch::Subject;

/// The objective that is not met.
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

impl ObjectivePart {
    /// What the cause and its evidence say of the objective; `None` where the cause is about something else.
    pub(super) fn of(cause: &Cause, evidence: &Evidence, sli: Option<&str>) -> Option<Self> {
        let Some(Subject::Objective(name)) = &cause.subject else {
            return None;
        };
        let detail = |name: &str| evidence.details.get(name).copied();
        Some(Self {
            name: name.clone(),
            sli: sli.map(str::to_owned),
            rule: cause.detector.to_string(),
            target: detail("target"),
            good: detail("good"),
            valid: detail("valid"),
            budget_remaining: detail("budget_remaining"),
        })
    }
}

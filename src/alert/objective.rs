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

/// What is known of the objective beside what the cause says.
pub(super) struct Promise<'a> {
    pub(super) sli: Option<&'a str>,
    pub(super) budget_remaining: Option<f64>,
}

impl Promise<'_> {
    /// What is published of it; `None` where the cause is about something else.
    pub(super) fn part(&self, cause: &Cause, evidence: &Evidence) -> Option<ObjectivePart> {
        let Some(Subject::Objective(name)) = &cause.subject else {
            return None;
        };
        let detail = |name: &str| evidence.details.get(name).copied();
        let valid = detail("valid");
        let not_bad = || Some(valid? - detail("bad")?);
        Some(ObjectivePart {
            name: name.clone(),
            sli: self.sli.map(str::to_owned),
            rule: cause.detector.to_string(),
            target: detail("target"),
            good: detail("good").or_else(not_bad),
            valid,
            budget_remaining: self.budget_remaining,
        })
    }
}

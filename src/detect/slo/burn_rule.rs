//! Rule on the error budget: it burns too fast in one of several windows, or nothing of it is left.

use super::burn::{BudgetTarget, BurnWindow};
use super::rule::{ObjectiveRule, RuleCase, RuleFinding};
use super::series::SeriesRetention;
use super::{budget, burn, label_burn};

/// Minutes between evaluations of an operational SLI, as in Prometheus.
const OPERATIONAL_STEP: i64 = 1;
/// Minutes between evaluations of a delayed SLI, whose windows are hours and days.
const LABEL_STEP: i64 = 5;

/// Rule: the error budget, 1 − target of the period's events, is spent too fast, or is spent.
#[derive(Debug, Clone, PartialEq)]
pub struct BurnRule {
    /// Target share of good events, 0..1.
    pub target: f64,
    /// Period of the target, in minutes.
    pub period_minutes: i64,
    /// Pairs of windows, each evaluated by itself.
    pub windows: Vec<BurnWindow>,
}

impl ObjectiveRule for BurnRule {
    fn judge(&self, case: &RuleCase<'_>) -> Vec<RuleFinding> {
        let budget_target = BudgetTarget {
            target: self.target,
            period_minutes: self.period_minutes,
        };
        let burning = if case.is_delayed {
            label_burn::judge(case, budget_target, &self.windows)
        } else {
            burn::judge(case, budget_target, &self.windows)
        };
        let spent = budget::judge(case, budget_target);
        burning.into_iter().chain(spent).collect()
    }

    fn step_minutes(&self, is_delayed: bool) -> i64 {
        if is_delayed {
            LABEL_STEP
        } else {
            OPERATIONAL_STEP
        }
    }

    fn target(&self) -> Option<f64> {
        Some(self.target)
    }

    fn period_minutes(&self) -> i64 {
        self.period_minutes
    }

    fn retention(&self) -> SeriesRetention {
        let long = self.windows.iter().map(|w| w.long.minutes());
        SeriesRetention::new(1, long.max().unwrap_or(0), self.period_minutes)
    }
}

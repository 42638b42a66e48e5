//! `below_floor`: the share of good events among matured labels is surely below its floor.
//!
//! **Intuition.** "Precision 95 %, alert below 93 % for two evaluation windows". The rule is evaluated hourly, on predictions that are old enough to have
//! their labels. It alerts only if a model exactly at the floor is very unlikely to give such a share.
//!
//! **Formula.** A breach iff Wilson's upper end (z = 3.3) of good ÷ valid is below the floor and valid ≥ 30, held for (evaluations − 1) hours. While only the
//! point value is below the floor, the finding lingers. It pages if the upper end is further below the floor than the floor is below the target.
//!
//! **Assumptions and limits.** Labels must be matured: wrong predictions are often labelled sooner than right ones, and no interval corrects that bias.
//! Without matured labels: insufficient data. A model exactly at the floor alerts in 1–5 % of months. At two points below the floor most models alert,
//! with 50 labels a day in a window of 7 days. **Cost.** One square root. **Source.** Wilson 1927.
//! **Rejected.** The point value, which alerts on every model at the floor. z = 1.96, which alerts on a third of them.

use super::allowance;
use super::certainty::{LABEL_Z, labels_needed};
use super::facts::{RuleFacts, facts};
use super::rule::{KeptFinding, ObjectiveRule, RuleCase, RuleFinding, RuleStatement};
use super::rule_result::{BoundTest, IntervalReach, RuleResult, Surprise};
use super::series::SeriesRetention;
use crate::detect::short_number;
use crate::sketch::Share;
use crate::stats::{Interval, wilson};
use crate::window::WindowLength;

/// Stable name of the detector.
pub(super) const NAME: &str = "below_floor";
/// Time that a firing cause must be quiet before it resolves, in minutes: one step, so a single quiet hour is not enough.
const KEEP_FIRING_MINUTES: i64 = 60;
const HOUR: i64 = 60;

/// Rule: the share of good events among matured labels is surely below the floor.
#[derive(Debug, Clone, PartialEq)]
pub struct BelowRule {
    /// Target share of good events, 0..1.
    pub target: f64,
    /// Share below which the rule alerts; less than the target.
    pub floor: f64,
    /// Evaluated window of prediction time.
    pub window: WindowLength,
    /// Consecutive hourly evaluations that must find a breach, at least 1.
    pub evaluations: u32,
}

facts! {
    struct BelowFacts {
        target: f64,
        floor: f64,
        good: i64,
        valid: i64,
        low: f64,
        high: f64,
        z: f64,
        evaluations: i64,
    }
}

impl ObjectiveRule for BelowRule {
    fn judge(&self, case: &RuleCase<'_>) -> Vec<RuleFinding> {
        let matured = case.matured.unwrap_or_default();
        let share = 1.0 - allowance::bad_rate(matured).unwrap_or(0.0);
        let interval = interval(matured);
        let enough = case.matured.is_some() && matured.valid >= labels_needed(case.events_min);
        let result = RuleResult {
            detector: NAME,
            verdict: BoundTest {
                enough,
                surely: interval.high < self.floor,
                at_all: share < self.floor,
            }
            .verdict(),
            value: share,
            threshold: self.floor,
            surprise: Surprise::of(
                self.floor - share,
                IntervalReach(interval.high - share),
                LABEL_Z,
            ),
            window_events: matured.valid,
            reference_events: 0,
            pages: interval.high < 2.0 * self.floor - self.target,
            details: BelowFacts {
                target: self.target,
                floor: self.floor,
                good: matured.good,
                valid: matured.valid,
                low: interval.low,
                high: interval.high,
                z: LABEL_Z,
                evaluations: i64::from(self.evaluations),
            }
            .details(),
        };
        vec![RuleFinding {
            window: self.window,
            finding: result.finding(case.objective),
            hold_minutes: i64::from(self.evaluations.saturating_sub(1)) * HOUR,
            keep_firing_minutes: KEEP_FIRING_MINUTES,
            allowed_rate: 1.0 - self.target,
        }]
    }

    fn step_minutes(&self, _is_delayed: bool) -> i64 {
        HOUR
    }

    fn target(&self) -> Option<f64> {
        Some(self.target)
    }

    fn period_minutes(&self) -> i64 {
        self.window.minutes()
    }

    fn retention(&self) -> SeriesRetention {
        SeriesRetention::new(1, 0, self.period_minutes())
    }

    fn matured_window(&self) -> Option<WindowLength> {
        Some(self.window)
    }
}

/// Statement of the rule about a finding.
pub(super) fn state(finding: &KeptFinding<'_>) -> Option<RuleStatement> {
    let facts = BelowFacts::read(finding.number)?;
    let phrase = format!(
        "is not met: {} {} over {}, below the floor of {}",
        finding.sli,
        short_number(finding.value),
        finding.window.name(),
        short_number(finding.threshold)
    );
    Some(RuleStatement {
        summary: phrase.clone(),
        sentence: phrase,
        further: None,
        target: Some(facts.target),
        good: facts.good,
        valid: facts.valid,
    })
}

fn interval(share: Share) -> Interval {
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let good = share.valid - allowance::bad(share);
    wilson(count(good), count(share.valid), LABEL_Z)
}

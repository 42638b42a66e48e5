//! `above_last_week`: the share of bad events is surely higher than a week ago, by more than a margin.
//!
//! **Intuition.** Some rates have no target; what matters is that they rose. The fairest past to compare with is the same hours of the same weekday, and the
//! difference of two shares has an interval, as one share has.
//!
//! **Formula.** d = bad ÷ valid in the window − the same 7 days before. A breach iff the lower end (z = 3.3) of Newcombe's interval of d is above the
//! margin, with valid ≥ 30 on both sides. While only d itself is above the margin, the finding lingers. It pages from twice the margin.
//!
//! **Assumptions and limits.** Last week was ordinary: trouble that lasts a week becomes the baseline, and in the week after a bad one the rule is lenient.
//! Fewer than 8 days of counts: insufficient data. **Cost.** Two sums, two square roots. **Source.** Newcombe 1998, method 10.
//! **Rejected.** The raw difference, which fires on 5–17 % of comparisons without any change.

use super::allowance;
use super::certainty::{LABEL_Z, labels_needed};
use super::facts::{RuleFacts, facts};
use super::rule::{KeptFinding, ObjectiveRule, RuleCase, RuleFinding, RuleStatement};
use super::rule_result::{BoundTest, IntervalReach, RuleResult, Surprise};
use super::series::SeriesRetention;
use crate::detect::short_number;
use crate::sketch::Share;
use crate::stats::Difference;
use crate::window::{Span, WindowLength};

/// Stable name of the detector.
pub(super) const NAME: &str = "above_last_week";
const WEEK_MINUTES: i64 = 7 * 1_440;
/// Resolution of the counts, in minutes.
const STEP_MINUTES: i64 = 15;
/// Time that a firing cause must be quiet before it resolves, in minutes: one step.
const KEEP_FIRING_MINUTES: i64 = 15;
/// Multiple of the margin from which the rule pages.
const PAGING_MARGINS: f64 = 2.0;

/// Rule: the share of bad events is surely above that of the same window a week ago plus the margin.
#[derive(Debug, Clone, PartialEq)]
pub struct AboveLastWeekRule {
    /// Tolerated rise of the bad share, 0..1.
    pub margin: f64,
    /// Evaluated window, a multiple of 15 minutes; in label time for delayed SLIs.
    pub window: WindowLength,
    /// Time that a breach must last before it fires, in minutes.
    pub hold_minutes: i64,
}

facts! {
    struct AboveFacts {
        margin: f64,
        bad: i64,
        valid: i64,
        bad_last_week: i64,
        valid_last_week: i64,
        low: f64,
        high: f64,
        z: f64,
    }
}

impl ObjectiveRule for AboveLastWeekRule {
    fn judge(&self, case: &RuleCase<'_>) -> Vec<RuleFinding> {
        let risen = risen(case, self.window);
        let (rise, interval) = (risen.value(), risen.interval(LABEL_Z));
        let least = labels_needed(case.events_min);
        let result = RuleResult {
            detector: NAME,
            verdict: BoundTest {
                enough: risen.of.valid >= least && risen.from.valid >= least,
                surely: interval.low > self.margin,
                at_all: rise > self.margin,
            }
            .verdict(),
            value: rise,
            threshold: self.margin,
            surprise: Surprise::of(
                rise - self.margin,
                IntervalReach(rise - interval.low),
                LABEL_Z,
            ),
            window_events: risen.of.valid,
            reference_events: risen.from.valid,
            pages: interval.low > PAGING_MARGINS * self.margin,
            details: AboveFacts {
                margin: self.margin,
                bad: risen.of.good,
                valid: risen.of.valid,
                bad_last_week: risen.from.good,
                valid_last_week: risen.from.valid,
                low: interval.low,
                high: interval.high,
                z: LABEL_Z,
            }
            .details(),
        };
        vec![RuleFinding {
            window: self.window,
            finding: result.finding(case.objective),
            hold_minutes: self.hold_minutes,
            keep_firing_minutes: KEEP_FIRING_MINUTES,
            allowed_rate: rate(risen.from),
        }]
    }

    fn step_minutes(&self, _is_delayed: bool) -> i64 {
        STEP_MINUTES
    }

    fn target(&self) -> Option<f64> {
        None
    }

    fn period_minutes(&self) -> i64 {
        self.window.minutes()
    }

    fn retention(&self) -> SeriesRetention {
        let detail = WEEK_MINUTES + self.window.minutes();
        SeriesRetention::new(STEP_MINUTES, detail, self.period_minutes())
    }
}

/// Statement of the rule about a finding.
pub(super) fn state(finding: &KeptFinding<'_>) -> Option<RuleStatement> {
    let facts = AboveFacts::read(finding.number)?;
    let phrase = format!(
        "is not met: the share of bad ones is {} above last week's over {} (margin {})",
        short_number(finding.value),
        finding.window.name(),
        short_number(finding.threshold)
    );
    Some(RuleStatement {
        summary: phrase.clone(),
        sentence: phrase,
        further: None,
        target: None,
        good: facts.valid - facts.bad,
        valid: facts.valid,
    })
}

/// Bad share of the window, and that of the same window a week before.
fn risen(case: &RuleCase<'_>, window: WindowLength) -> Difference {
    let ending = |end| bad_of(case.series.sum(Span::ending_at(end, window)));
    Difference {
        of: ending(case.at),
        from: ending(case.at.plus_minutes(-WEEK_MINUTES)),
    }
}

/// Share whose `good` counts the bad events.
fn bad_of(share: Share) -> Share {
    Share {
        good: allowance::bad(share),
        valid: share.valid,
    }
}

/// `good` ÷ `valid`; 0 without events.
fn rate(share: Share) -> f64 {
    if share.valid > 0 {
        share.good as f64 / share.valid as f64
    } else {
        0.0
    }
}

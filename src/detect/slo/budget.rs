//! `budget_exhausted`: nothing of the error budget is left.
//!
//! **Intuition.** The budget is the share of the period's events that may be bad. The remaining budget decides whether there is room for risk.
//!
//! **Formula.** remaining = 1 − (bad ÷ valid) ÷ (1 − target) over the period, whose start is rounded down to the full hour. A breach iff nothing
//! remains. On labels, a breach iff the lower end of the likelihood interval (z = 3.3) of bad ÷ valid is above 1 − target, with 30 labels; without the
//! interval, a model exactly at its objective would be reported half of the time.
//!
//! **Assumptions and limits.** The budget is weighted by traffic, so a young objective has the budget of the events seen so far. A budget in which all
//! minutes of a month count alike is a different one. At least one event's worth of budget (valid × (1 − target) ≥ 1) must have been earned: before that, one
//! failure would exhaust it. **Cost.** A sum of hours. **Source.** The Site Reliability Workbook, chapter 2.
//! **Rejected.** A recording of 30-day ratios, averaged over time: a failure in a quiet night would weigh as much as a busy day's failures.

use super::allowance::{Allowance, bad};
use super::burn::BudgetTarget;
use super::certainty::{EventsNeeded, LABEL_Z};
use super::facts::{RuleFacts, facts};
use super::label_burn;
use super::rule::{KeptFinding, RuleCase, RuleFinding, RuleStatement};
use super::rule_result::{IntervalReach, RuleResult, Surprise};
use crate::detect::{Finding, Verdict};
use crate::sketch::Share;
use crate::stats::likelihood_interval;
use crate::window::{Boundary, Span, WindowLength};

/// Stable name of the detector.
pub(super) const NAME: &str = "budget_exhausted";
const HOUR: i64 = 60;

facts! {
    /// Remaining budget, and the counts behind it.
    struct BudgetFacts {
        target: f64,
        good: i64,
        bad: i64,
        valid: i64,
        remaining: f64,
        period_minutes: i64,
    }
}

facts! {
    /// Interval behind a verdict on labels.
    struct BudgetCertainty {
        low: f64,
        z: f64,
    }
}

/// Period that ends at `at`. Its start is rounded down to a full hour, because the minutes of hours that old are no longer kept.
pub(super) fn period(minutes: i64, at: Boundary) -> Span {
    Span {
        start: at.plus_minutes(-minutes).floor(HOUR),
        end: at,
    }
}

pub(super) fn judge(case: &RuleCase<'_>, budget_target: BudgetTarget) -> Option<RuleFinding> {
    let share = case
        .series
        .sum(period(budget_target.period_minutes, case.at));
    let allowance = Allowance::of_target(budget_target.target);
    let spent = allowance.burn(share).unwrap_or(0.0);
    let facts = BudgetFacts {
        target: budget_target.target,
        good: share.good,
        bad: bad(share),
        valid: share.valid,
        remaining: 1.0 - spent,
        period_minutes: budget_target.period_minutes,
    };
    let mut details = facts.details();
    let (verdict, surprise) = if case.is_delayed {
        let (low, z) = (lower_end(share), LABEL_Z);
        details.extend(BudgetCertainty { low, z }.details());
        on_labels(share, allowance, case.needs())
    } else {
        let verdict = operational(share, allowance, case.needs());
        (verdict, Surprise::default())
    };
    let result = RuleResult {
        detector: NAME,
        verdict,
        value: spent,
        threshold: 1.0,
        surprise,
        window_events: share.valid,
        reference_events: 0,
        pages: false,
        details,
    };
    let minutes = u32::try_from(budget_target.period_minutes).ok()?;
    Some(RuleFinding {
        window: WindowLength::from_minutes(minutes)?,
        finding: result.finding(case.objective),
        hold_minutes: 0,
        keep_firing_minutes: keep_firing(case.is_delayed),
        allowed_rate: 1.0 - budget_target.target,
    })
}

/// Statement of the rule about a finding.
pub(super) fn state(finding: &KeptFinding<'_>) -> Option<RuleStatement> {
    let facts = BudgetFacts::read(finding.number)?;
    Some(RuleStatement {
        summary: "has spent its error budget".to_owned(),
        sentence: "has spent its error budget".to_owned(),
        further: None,
        target: Some(facts.target),
        good: facts.good,
        valid: facts.valid,
    })
}

/// Remaining budget, if `finding` is about one and has enough events: 1 is all of it, below 0 it is overdrawn.
#[must_use]
pub fn budget_remaining(finding: &Finding) -> Option<f64> {
    let number = |name: &str| finding.details.get(name).copied();
    let is_judged = finding.detector == NAME && finding.verdict != Verdict::InsufficientData;
    let facts = BudgetFacts::read(&number).filter(|_| is_judged);
    facts.map(|facts| facts.remaining)
}

/// True if `share` has as many events as a budget needs to be judged: what the objective asks for (`events_min`; on labels at
/// least 30), and a budget of at least one bad event. With fewer, a single failure would overdraw it.
pub(super) fn is_judged(share: Share, allowance: Allowance, needs: EventsNeeded) -> bool {
    let earned = share.valid as f64 * allowance.share() >= 1.0;
    needs.is_met(share) && (earned || needs.is_delayed)
}

fn keep_firing(is_delayed: bool) -> i64 {
    if is_delayed {
        label_burn::KEEP_FIRING_MINUTES
    } else {
        0
    }
}

fn operational(share: Share, allowance: Allowance, needs: EventsNeeded) -> Verdict {
    match () {
        () if share.valid <= 0 => Verdict::Quiet,
        () if !is_judged(share, allowance, needs) => Verdict::InsufficientData,
        () if allowance.is_spent(share) => Verdict::Breach,
        () => Verdict::Quiet,
    }
}

fn on_labels(share: Share, allowance: Allowance, needs: EventsNeeded) -> (Verdict, Surprise) {
    let low = lower_end(share);
    let rate = allowance.burn(share).unwrap_or(0.0) * allowance.share();
    let surprise = Surprise::of(rate - allowance.share(), IntervalReach(rate - low), LABEL_Z);
    let verdict = match () {
        () if !is_judged(share, allowance, needs) => Verdict::InsufficientData,
        () if low > allowance.share() => Verdict::Breach,
        () if allowance.is_spent(share) => Verdict::Lingering,
        () => Verdict::Quiet,
    };
    (verdict, surprise)
}

fn lower_end(share: Share) -> f64 {
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    likelihood_interval(count(bad(share)), count(share.valid), LABEL_Z).low
}

//! `burn_rate`: the error budget is being spent too fast, by an SLI that every prediction carries.
//!
//! **Intuition.** At burn rate 1 the budget lasts exactly its period. A long window above the factor shows that a relevant part of the budget is gone. A
//! short window above it shows that the trouble continues, so the alert ends soon after the trouble.
//!
//! **Formula.** burn = (bad ÷ valid) ÷ (1 − target) in each window; a breach iff both are strictly above the factor. A window without events does
//! not burn, and the verdict is `Quiet`, as in Prometheus, where a comparison with NaN is false. No finding lingers: an alert resolves in the minute in which
//! the expression is false in Prometheus. Fewer than `events_min` events in the long window: insufficient data, which Prometheus does not have.
//!
//! **Assumptions and limits.** Two windows are not certainty: a model with ten predictions an hour pages on a single failure. `events_min` prevents
//! that. A window that is not yet full is evaluated on the events it has, as `increase()` does. The budget is weighted by traffic.
//! **Cost.** Two sums. **Source.** The Site Reliability Workbook, chapter 5. **Rejected.** One window with a `for`: every dip resets it.

use super::allowance::{Allowance, Factor, bad};
use super::facts::{RuleFacts, facts};
use super::rule::{KeptFinding, RuleCase, RuleFinding, RuleStatement};
use super::rule_result::{RuleResult, Surprise};
use crate::detect::{Verdict, short_number};
use crate::sketch::Share;
use crate::window::{Span, WindowLength};

/// Stable name of the detector.
pub(super) const NAME: &str = "burn_rate";

/// Two windows that must both burn. The long one shows that the trouble matters, the short one that it continues.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnWindow {
    /// Length of the long window.
    pub long: WindowLength,
    /// Length of the short window, not longer than the long one.
    pub short: WindowLength,
    /// Burn rate that both windows must exceed: 1 spends the budget exactly in the period.
    pub factor: f64,
    /// Urgency of the alert.
    pub severity: Urgency,
    /// Time that a breach must last before it fires, in minutes.
    pub hold_minutes: i64,
}

/// Urgency of an alert on a burning budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Needs action now.
    Page,
    /// Needs action in the coming days.
    Ticket,
}

/// Target and period that define an error budget.
#[derive(Clone, Copy)]
pub(super) struct BudgetTarget {
    pub(super) target: f64,
    pub(super) period_minutes: i64,
}

/// Counts of both windows.
#[derive(Clone, Copy)]
pub(super) struct BurnShares {
    pub(super) long: Share,
    pub(super) short: Share,
    /// Length of the short window as evaluated.
    pub(super) short_length: WindowLength,
}

facts! {
    /// Numbers that the text of an alert uses.
    pub(super) struct BurnFacts {
        target: f64,
        factor: f64,
        good: i64,
        bad: i64,
        valid: i64,
        short_burn: f64,
        short_minutes: i64,
    }
}

facts! {
    /// Further numbers that are needed to recompute the verdict.
    struct BurnCounts {
        short_good: i64,
        short_bad: i64,
        short_valid: i64,
        long_minutes: i64,
        period_minutes: i64,
    }
}

impl BurnShares {
    pub(super) fn of(case: &RuleCase<'_>, long: WindowLength, short: WindowLength) -> Self {
        Self {
            long: case.series.sum(Span::ending_at(case.at, long)),
            short: case.series.sum(Span::ending_at(case.at, short)),
            short_length: short,
        }
    }
}

pub(super) fn judge(
    case: &RuleCase<'_>,
    budget_target: BudgetTarget,
    windows: &[BurnWindow],
) -> Vec<RuleFinding> {
    let judge = |window| judge_window(case, budget_target, window);
    windows.iter().map(judge).collect()
}

fn judge_window(
    case: &RuleCase<'_>,
    budget_target: BudgetTarget,
    window: &BurnWindow,
) -> RuleFinding {
    let allowance = Allowance::of_target(budget_target.target);
    let both = BurnShares::of(case, window.long, window.short);
    let result = RuleResult {
        detector: NAME,
        verdict: verdict(both, allowance, window, case.events_min),
        value: allowance.burn(both.long).unwrap_or(0.0),
        threshold: window.factor,
        surprise: Surprise::default(),
        window_events: both.long.valid,
        reference_events: 0,
        pages: window.severity == Urgency::Page,
        details: details(budget_target, window, both),
    };
    RuleFinding {
        window: window.long,
        finding: result.finding(case.objective),
        hold_minutes: window.hold_minutes,
        keep_firing_minutes: 0,
        allowed_rate: 1.0 - budget_target.target,
    }
}

fn verdict(
    both: BurnShares,
    allowance: Allowance,
    window: &BurnWindow,
    events_min: u64,
) -> Verdict {
    let few = events_min > 1 && i128::from(both.long.valid) < i128::from(events_min);
    let burns = |share| allowance.is_exceeded(share, Factor(window.factor));
    match () {
        () if few => Verdict::InsufficientData,
        () if burns(both.long) && burns(both.short) => Verdict::Breach,
        () => Verdict::Quiet,
    }
}

/// Numbers that are needed to recompute the verdict.
pub(super) fn details(
    budget_target: BudgetTarget,
    window: &BurnWindow,
    both: BurnShares,
) -> std::collections::BTreeMap<&'static str, f64> {
    let allowance = Allowance::of_target(budget_target.target);
    let facts = BurnFacts {
        target: budget_target.target,
        factor: window.factor,
        good: both.long.good,
        bad: bad(both.long),
        valid: both.long.valid,
        short_burn: allowance.burn(both.short).unwrap_or(0.0),
        short_minutes: both.short_length.minutes(),
    };
    let counts = BurnCounts {
        short_good: both.short.good,
        short_bad: bad(both.short),
        short_valid: both.short.valid,
        long_minutes: window.long.minutes(),
        period_minutes: budget_target.period_minutes,
    };
    let mut details = facts.details();
    details.extend(counts.details());
    details
}

/// Statement of the rule about a finding.
pub(super) fn state(finding: &KeptFinding<'_>) -> Option<RuleStatement> {
    let facts = BurnFacts::read(finding.number)?;
    let burn = format!(
        "burn rate {} over {} ({} from {})",
        short_number(finding.value),
        finding.window.name(),
        if finding.pages { "page" } else { "ticket" },
        short_number(finding.threshold)
    );
    let minutes = u32::try_from(facts.short_minutes).ok();
    let short = minutes.and_then(WindowLength::from_minutes);
    let rate = short_number(facts.short_burn);
    Some(RuleStatement {
        summary: format!("is not met: {burn}"),
        sentence: format!("spends its error budget too fast: {burn}"),
        further: short.map(|short| format!("Over the last {} it is {rate}.", short.name())),
        target: Some(facts.target),
        good: facts.good,
        valid: facts.valid,
    })
}

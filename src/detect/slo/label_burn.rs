//! `burn_rate` on labels: the error budget is surely being spent too fast, by the labels that arrived.
//!
//! **Intuition.** Labels are few and arrive in bunches. A point estimate from fifty labels would page for every model that is exactly at its objective. So the
//! whole interval of the long window must be above the factor, and the short window must be long enough to contain labels.
//!
//! **Formula.** valid = labels that arrived in the window, bad = those that prove the prediction wrong. A breach iff the lower end of the likelihood
//! interval (z = 3.3) of bad ÷ valid in the long window, over 1 − target, exceeds the factor, the point value of the short one does, and valid ≥ 30.
//! Short = max(the configured one, 2 × the 99th percentile of the gaps between minutes with labels, over the rule's longest window), at most the long one.
//! While both point values exceed the factor without that certainty, the finding lingers: a firing alert continues, and none begins.
//!
//! **Assumptions and limits.** Label time shows what was learned in the window, not when the model was wrong: a backlog of old labels counts today. A
//! short window without any labels is insufficient data. Of models exactly at their objective, 2–5 % alert in 30 days.
//! **Cost.** Two sums, one pass over the minutes of the longest window, one bisection.
//! **Source.** The Site Reliability Workbook, chapter 5; Wilks 1938. **Rejected.** The raw rule, which alerts for nearly every model exactly at its
//! objective. Wilson's lower end at the same z: the count of bad labels is small and skewed, and 6–10 % alert.

use super::allowance::{Allowance, Factor, bad, bad_rate};
use super::burn::{BudgetTarget, BurnShares, BurnWindow, NAME, Urgency, details};
use super::certainty::{LABEL_Z, labels_needed};
use super::facts::{RuleFacts, facts};
use super::rule::{RuleCase, RuleFinding};
use super::rule_result::{IntervalReach, RuleResult, Surprise};
use crate::detect::Verdict;
use crate::stats::likelihood_interval;
use crate::window::{Span, WindowLength};

/// Time that a burn on labels must be quiet before it resolves, in minutes: three steps.
pub(super) const KEEP_FIRING_MINUTES: i64 = 15;

facts! {
    /// Interval behind the verdict.
    struct BurnCertainty {
        low: f64,
        burn_low: f64,
        z: f64,
    }
}

pub(super) fn judge(
    case: &RuleCase<'_>,
    budget_target: BudgetTarget,
    windows: &[BurnWindow],
) -> Vec<RuleFinding> {
    let stretched = usual_gap(case, windows).and_then(twice);
    let judge = |window| judge_window(case, budget_target, window, stretched);
    windows.iter().map(judge).collect()
}

fn judge_window(
    case: &RuleCase<'_>,
    budget_target: BudgetTarget,
    window: &BurnWindow,
    stretched: Option<WindowLength>,
) -> RuleFinding {
    let allowance = Allowance::of_target(budget_target.target);
    let short = window.short.max(stretched.unwrap_or(window.short));
    let both = BurnShares::of(case, window.long, short.min(window.long));
    let rate = bad_rate(both.long).unwrap_or(0.0);
    let low = lower_end(both);
    let bound = window.factor * allowance.share();
    let certainty = BurnCertainty {
        low,
        burn_low: low / allowance.share(),
        z: LABEL_Z,
    };
    let mut details = details(budget_target, window, both);
    details.extend(certainty.details());
    let result = RuleResult {
        detector: NAME,
        verdict: verdict(both, allowance, window, case.events_min),
        value: allowance.burn(both.long).unwrap_or(0.0),
        threshold: window.factor,
        surprise: Surprise::of(rate - bound, IntervalReach(rate - low), LABEL_Z),
        window_events: both.long.valid,
        reference_events: 0,
        pages: window.severity == Urgency::Page,
        details,
    };
    RuleFinding {
        window: window.long,
        finding: result.finding(case.objective),
        hold_minutes: window.hold_minutes,
        keep_firing_minutes: KEEP_FIRING_MINUTES,
        allowed_rate: 1.0 - budget_target.target,
    }
}

fn verdict(
    both: BurnShares,
    allowance: Allowance,
    window: &BurnWindow,
    events_min: u64,
) -> Verdict {
    let few = both.long.valid < labels_needed(events_min) || both.short.valid <= 0;
    let burns = |share| allowance.is_exceeded(share, Factor(window.factor));
    let surely = lower_end(both) > window.factor * allowance.share();
    match (burns(both.long) && burns(both.short), surely) {
        _ if few => Verdict::InsufficientData,
        (true, true) => Verdict::Breach,
        (true, false) => Verdict::Lingering,
        (false, _) => Verdict::Quiet,
    }
}

/// Lower end of the interval of the long window's bad rate.
fn lower_end(both: BurnShares) -> f64 {
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    likelihood_interval(count(bad(both.long)), count(both.long.valid), LABEL_Z).low
}

/// Window of twice the gap, in which labels can be expected.
fn twice(gap: i64) -> Option<WindowLength> {
    WindowLength::from_minutes(u32::try_from(2 * gap).ok()?)
}

/// 99th percentile (nearest rank) of the gaps between minutes with labels, in minutes, over the longest window; `None` if fewer than two minutes have labels.
fn usual_gap(case: &RuleCase<'_>, windows: &[BurnWindow]) -> Option<i64> {
    let longest = windows.iter().map(|w| w.long).max()?;
    let minutes = case.series.busy_minutes(Span::ending_at(case.at, longest));
    let busy: Vec<i64> = minutes.map(|minute| minute.0).collect();
    let mut gaps: Vec<i64> = busy
        .iter()
        .zip(busy.iter().skip(1))
        .map(|(earlier, later)| later - earlier)
        .collect();
    gaps.sort_unstable();
    gaps.get((99 * gaps.len()).div_ceil(100).checked_sub(1)?)
        .copied()
}

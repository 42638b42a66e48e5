//! `budget_exhausted`, and how an objective stands: what is left of the error budget, and how long it lasts.
//!
//! **Intuition.** The budget is the share of the period's events that may be bad. What is left of it decides whether there is room for risk.
//!
//! **Formula.** remaining = 1 − (bad ÷ valid) ÷ (1 − target) over the period, whose start is rounded down to the full hour. A breach iff nothing
//! remains. On labels iff the lower end of the likelihood interval (z = 3.3) of bad ÷ valid is above 1 − target, with 30 labels: else every model exactly at its
//! objective would be reported half of the time. At burn rate b, what remains lasts remaining × period ÷ b; beyond a period from now nothing
//! is said, because by then all that is counted now has left it.
//!
//! **Assumptions and limits.** The budget is weighted by traffic, so a young objective has the budget of what it has seen; a month in which minutes
//! count alike is another budget. At least one event's worth of budget (valid × (1 − target) ≥ 1) must have been earned: before, one failure
//! would exhaust it. **Cost.** A sum of hours. **Source.** The Site Reliability Workbook, chapter 2.
//! **Rejected.** A recording of 30-day ratios, averaged over time: a quiet night's failure would weigh as much as a busy day's.

use std::collections::BTreeMap;

use super::LABEL_Z;
use super::allowance::{Allowance, bad};
use super::label_burn::{self, needed};
use super::objective::{Objective, Rule};
use super::rule_input::{IntervalReach, Observation, RuleInput, RuleResult, Surprise};
use super::series::Series;
use crate::detect::Verdict;
use crate::sketch::Share;
use crate::stats::likelihood_interval;
use crate::window::{Boundary, Span, WindowLength};

/// The detector's stable name.
const NAME: &str = "budget_exhausted";
const HOUR: i64 = 60;

/// How an objective stands at a boundary.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetStatus {
    /// Good of valid over the period, whose start is rounded down to the full hour.
    pub share: Share,
    /// The burn rate in each long window, in their order; `None` without events.
    pub burn_rates: Vec<(WindowLength, Option<f64>)>,
    /// What is left of the error budget: 1 is all of it, below 0 it is overdrawn; `None` without events or target.
    pub remaining: Option<f64>,
    /// When it will be gone at the burn rate of the longest window, rounded down to the minute: `at` if it is gone, `None` if at this rate that is not
    /// within a period.
    pub exhausted_at: Option<Boundary>,
}

/// How `objective` stands at `at` by what `series` counted before.
#[must_use]
pub fn standing(objective: &Objective, series: &Series, at: Boundary) -> BudgetStatus {
    let share = series.sum(period(objective, at));
    let allowance = objective.target().map(Allowance::of_target);
    let remaining = allowance.and_then(|own| Some(1.0 - own.burn(share)?));
    let burn_rates = allowance.map_or(Vec::new(), |own| burn_rates(objective, series, at, own));
    let rate = burn_rates.iter().max_by_key(|(length, _)| *length);
    let rate = rate.and_then(|(_, rate)| *rate).unwrap_or(0.0);
    BudgetStatus {
        share,
        remaining,
        exhausted_at: remaining.and_then(|left| {
            let minutes = minutes_left(Left(left), rate, objective.rule.period_minutes())?;
            Some(at.plus_minutes(minutes))
        }),
        burn_rates,
    }
}

fn burn_rates(
    objective: &Objective,
    series: &Series,
    at: Boundary,
    allowance: Allowance,
) -> Vec<(WindowLength, Option<f64>)> {
    let Rule::Burn { windows, .. } = &objective.rule else {
        return Vec::new();
    };
    let rate = |long| allowance.burn(series.sum(Span::ending_at(at, long)));
    windows.iter().map(|w| (w.long, rate(w.long))).collect()
}

/// The share of the budget that is left.
struct Left(f64);

/// How long it lasts at a burn rate; `None` where that is longer than the period.
fn minutes_left(Left(left): Left, rate: f64, period_minutes: i64) -> Option<i64> {
    if left <= 0.0 {
        return Some(0);
    }
    let minutes = left * period_minutes as f64 / rate;
    (rate > 0.0 && minutes <= period_minutes as f64).then_some(minutes as i64)
}

/// The period that ends at `at`; minutes that long ago are forgotten, so its start is a full hour.
fn period(objective: &Objective, at: Boundary) -> Span {
    let start = at.plus_minutes(-objective.rule.period_minutes());
    Span {
        start: start.floor(HOUR),
        end: at,
    }
}

pub(super) fn judge(input: &RuleInput<'_>) -> Option<Observation> {
    let objective = input.objective;
    let target = objective.target()?;
    let minutes = u32::try_from(objective.rule.period_minutes()).ok()?;
    let share = input.series.sum(period(objective, input.at));
    let allowance = Allowance::of_target(target);
    let spent = allowance.burn(share).unwrap_or(0.0);
    let mut details = BTreeMap::from([
        ("target", target),
        ("good", share.good as f64),
        ("bad", bad(share) as f64),
        ("valid", share.valid as f64),
        ("remaining", 1.0 - spent),
        ("period_minutes", objective.rule.period_minutes() as f64),
    ]);
    let (verdict, surprise) = if objective.sli.is_delayed() {
        details.extend([("low", lower_end(share)), ("z", LABEL_Z)]);
        on_labels(share, allowance, objective.events_min)
    } else {
        (
            operational(share, allowance, objective.events_min),
            Surprise::default(),
        )
    };
    let said = RuleResult {
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
    Some(Observation {
        window: WindowLength::from_minutes(minutes)?,
        finding: said.finding(objective),
        hold_minutes: 0,
        keep_firing_minutes: keep_firing(objective),
    })
}

fn keep_firing(objective: &Objective) -> i64 {
    if objective.sli.is_delayed() {
        label_burn::KEEP_FIRING_MINUTES
    } else {
        0
    }
}

fn operational(share: Share, allowance: Allowance, events_min: u64) -> Verdict {
    let earned = share.valid as f64 * allowance.share() >= 1.0;
    let enough = i128::from(share.valid) >= i128::from(events_min);
    match () {
        () if share.valid <= 0 => Verdict::Quiet,
        () if !(earned && enough) => Verdict::InsufficientData,
        () if allowance.is_spent(share) => Verdict::Breach,
        () => Verdict::Quiet,
    }
}

fn on_labels(share: Share, allowance: Allowance, events_min: u64) -> (Verdict, Surprise) {
    let low = lower_end(share);
    let rate = allowance.burn(share).unwrap_or(0.0) * allowance.share();
    let surprise = Surprise::of(rate - allowance.share(), IntervalReach(rate - low), LABEL_Z);
    let verdict = match () {
        () if share.valid < needed(events_min) => Verdict::InsufficientData,
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

//! `burn_rate`: the error budget is being spent too fast, by what every prediction carries.
//!
//! **Intuition.** At burn rate 1 the budget lasts exactly its period. A long window over a factor says that a part of the budget worth waking
//! somebody for is gone; a short one that it still goes on, so that the alert ends soon after the trouble.
//!
//! **Formula.** burn = (bad ÷ valid) ÷ (1 − target) in each window; a breach iff both are strictly above the factor. A window without events does
//! not burn, and the verdict is `Quiet`: Prometheus compares NaN with false. There is no lingering: an alert resolves in the minute in which the
//! expression is false there. Fewer than `events_min` events in the long window: insufficient data, which Prometheus has no word for.
//!
//! **Assumptions and limits.** Two windows, not certainty: a model with ten predictions an hour pages by a single failure, which is what
//! `events_min` is for. While a window is not yet full it is judged by what it holds, as `increase()` does. The budget is weighted by traffic.
//! **Cost.** Two sums. **Source.** The Site Reliability Workbook, chapter 5. **Rejected.** One window with a `for`: it resets with every dip.

use std::collections::BTreeMap;

use super::allowance::{Allowance, Factor, bad};
use super::objective::{BurnWindow, Urgency};
use super::rule_input::{Observation, RuleInput, RuleResult, Surprise};
use crate::detect::Verdict;
use crate::sketch::Share;
use crate::window::{Span, WindowLength};

/// The detector's stable name.
pub(super) const NAME: &str = "burn_rate";

/// The counts of both windows.
#[derive(Clone, Copy)]
pub(super) struct BurnShares {
    pub(super) long: Share,
    pub(super) short: Share,
}

pub(super) fn judge(input: &RuleInput<'_>, windows: &[BurnWindow]) -> Vec<Observation> {
    let judge = |window| judge_window(input, window);
    windows.iter().filter_map(judge).collect()
}

fn judge_window(input: &RuleInput<'_>, window: &BurnWindow) -> Option<Observation> {
    let allowance = Allowance::of_target(input.objective.target()?);
    let both = BurnShares {
        long: input.series.sum(Span::ending_at(input.at, window.long)),
        short: input.series.sum(Span::ending_at(input.at, window.short)),
    };
    let said = RuleResult {
        detector: NAME,
        verdict: verdict(both, allowance, window, input.objective.events_min),
        value: allowance.burn(both.long).unwrap_or(0.0),
        threshold: window.factor,
        surprise: Surprise::default(),
        window_events: both.long.valid,
        reference_events: 0,
        pages: window.severity == Urgency::Page,
        details: details(input, window, both, window.short),
    };
    Some(Observation {
        window: window.long,
        finding: said.finding(input.objective),
        hold_minutes: window.hold_minutes,
        keep_firing_minutes: 0,
    })
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

/// What is needed to recompute it.
pub(super) fn details(
    input: &RuleInput<'_>,
    window: &BurnWindow,
    both: BurnShares,
    short: WindowLength,
) -> BTreeMap<&'static str, f64> {
    let target = input.objective.target().unwrap_or(0.0);
    let allowance = Allowance::of_target(target);
    BTreeMap::from([
        ("target", target),
        ("factor", window.factor),
        ("good", both.long.good as f64),
        ("bad", bad(both.long) as f64),
        ("valid", both.long.valid as f64),
        ("short_good", both.short.good as f64),
        ("short_bad", bad(both.short) as f64),
        ("short_valid", both.short.valid as f64),
        ("short_burn", allowance.burn(both.short).unwrap_or(0.0)),
        ("long_minutes", window.long.minutes() as f64),
        ("short_minutes", short.minutes() as f64),
        (
            "period_minutes",
            input.objective.rule.period_minutes() as f64,
        ),
    ])
}

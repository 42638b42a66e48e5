//! `above_last_week`: the share of bad ones is surely more than a week ago, by more than a margin.
//!
//! **Intuition.** Some rates have no target, only a habit: what matters is that they rose. The same hours of the same weekday are the fairest past there
//! is, and the difference of two shares has an interval like any share.
//!
//! **Formula.** d = bad ÷ valid in the window − the same 7 days before. A breach iff the lower end (z = 3.3) of Newcombe's interval of d is above the
//! margin, with valid ≥ 30 on both sides. While d itself is above the margin, the finding lingers. It pages from twice the margin.
//!
//! **Assumptions and limits.** Last week was ordinary: trouble that lasts a week becomes the habit, and the week after a bad one is judged mildly.
//! Fewer than 8 days of counts: insufficient data. **Cost.** Two sums, two square roots. **Source.** Newcombe 1998, method 10.
//! **Rejected.** The raw difference, which fires on 5–17 % of comparisons of nothing.

use std::collections::BTreeMap;

use super::label_burn::needed;
use super::objective::Rule;
use super::rule_input::{BoundTest, IntervalReach, Observation, RuleInput, RuleResult, Surprise};
use super::{LABEL_Z, allowance};
use crate::sketch::Share;
use crate::stats::Difference;
use crate::window::{Span, WindowLength};

/// The detector's stable name.
const NAME: &str = "above_last_week";
const WEEK_MINUTES: i64 = 7 * 1_440;
/// Two looks.
const KEEP_FIRING_MINUTES: i64 = 15;
/// Margins from which it pages.
const PAGING_MARGINS: f64 = 2.0;

pub(super) fn judge(input: &RuleInput<'_>) -> Option<Observation> {
    let Rule::AboveLastWeek {
        margin,
        window,
        hold_minutes,
    } = input.objective.rule
    else {
        return None;
    };
    let risen = risen(input, window);
    let (rise, interval) = (risen.value(), risen.interval(LABEL_Z));
    let least = needed(input.objective.events_min);
    let enough = risen.of.valid >= least && risen.from.valid >= least;
    let said = RuleResult {
        detector: NAME,
        verdict: BoundTest {
            enough,
            surely: interval.low > margin,
            at_all: rise > margin,
        }
        .verdict(),
        value: rise,
        threshold: margin,
        surprise: Surprise::of(rise - margin, IntervalReach(rise - interval.low), LABEL_Z),
        window_events: risen.of.valid,
        reference_events: risen.from.valid,
        pages: interval.low > PAGING_MARGINS * margin,
        details: BTreeMap::from([
            ("margin", margin),
            ("bad", risen.of.good as f64),
            ("valid", risen.of.valid as f64),
            ("bad_last_week", risen.from.good as f64),
            ("valid_last_week", risen.from.valid as f64),
            ("low", interval.low),
            ("high", interval.high),
            ("z", LABEL_Z),
        ]),
    };
    Some(Observation {
        window,
        finding: said.finding(input.objective),
        hold_minutes,
        keep_firing_minutes: KEEP_FIRING_MINUTES,
    })
}

/// The bad share of the window, and of the same a week before.
fn risen(input: &RuleInput<'_>, window: WindowLength) -> Difference {
    let ending = |end| bad_of(input.series.sum(Span::ending_at(end, window)));
    Difference {
        of: ending(input.at),
        from: ending(input.at.plus_minutes(-WEEK_MINUTES)),
    }
}

/// The share of the bad ones.
fn bad_of(share: Share) -> Share {
    Share {
        good: allowance::bad(share),
        valid: share.valid,
    }
}

//! `below_floor`: the share of good ones among matured labels is surely under its floor.
//!
//! **Intuition.** "Precision 95 %, alert below 93 % for two evaluation windows": judged hourly on predictions that are old enough for their labels to be
//! there, and only when not even a lucky model at the floor could have looked like this.
//!
//! **Formula.** A breach iff Wilson's upper end (z = 3.3) of good ÷ valid is below the floor and valid ≥ 30, held for (evaluations − 1) hours. While the
//! point value is below the floor, the finding lingers. It pages when the upper end is as far below the floor as the floor is below the target.
//!
//! **Assumptions and limits.** Labels must be matured: wrong predictions are often labelled sooner than right ones, and no interval repairs that.
//! Without matured labels: insufficient data. A model exactly at the floor alerts in 1–5 % of months; power at two points below it: most
//! of them with 50 labels a day in a window of 7 days. **Cost.** One square root. **Source.** Wilson 1927.
//! **Rejected.** The point value (alerts on every model at the floor), z = 1.96 (on a third of them).

use std::collections::BTreeMap;

use super::label_burn::needed;
use super::objective::Rule;
use super::rule_input::{BoundTest, IntervalReach, Observation, RuleInput, RuleResult, Surprise};
use super::{LABEL_Z, allowance};
use crate::sketch::Share;
use crate::stats::{Interval, wilson};

/// The detector's stable name.
const NAME: &str = "below_floor";
/// One look: a single quiet hour does not resolve.
const KEEP_FIRING_MINUTES: i64 = 60;
const HOUR: i64 = 60;

pub(super) fn judge(input: &RuleInput<'_>) -> Option<Observation> {
    let Rule::Below {
        target,
        floor,
        window,
        evaluations,
    } = input.objective.rule
    else {
        return None;
    };
    let matured = input.matured.unwrap_or_default();
    let share = 1.0 - allowance::bad_rate(matured).unwrap_or(0.0);
    let interval = interval(matured);
    let enough = input.matured.is_some() && matured.valid >= needed(input.objective.events_min);
    let said = RuleResult {
        detector: NAME,
        verdict: BoundTest {
            enough,
            surely: interval.high < floor,
            at_all: share < floor,
        }
        .verdict(),
        value: share,
        threshold: floor,
        surprise: Surprise::of(floor - share, IntervalReach(interval.high - share), LABEL_Z),
        window_events: matured.valid,
        reference_events: 0,
        pages: interval.high < 2.0 * floor - target,
        details: BTreeMap::from([
            ("target", target),
            ("floor", floor),
            ("good", matured.good as f64),
            ("valid", matured.valid as f64),
            ("low", interval.low),
            ("high", interval.high),
            ("z", LABEL_Z),
            ("evaluations", f64::from(evaluations)),
        ]),
    };
    Some(Observation {
        window,
        finding: said.finding(input.objective),
        hold_minutes: i64::from(evaluations.saturating_sub(1)) * HOUR,
        keep_firing_minutes: KEEP_FIRING_MINUTES,
    })
}

fn interval(share: Share) -> Interval {
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let good = share.valid - allowance::bad(share);
    wilson(count(good), count(share.valid), LABEL_Z)
}

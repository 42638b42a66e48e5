//! `volume`: traffic that has dropped, compared with the same time of earlier days.
//!
//! **Intuition.** Traffic has a daily and a weekly shape. Take the three quarters of an hour around this time
//! yesterday, and the three of last week. Ordinary traffic does not fall far below the smallest of their counts.
//!
//! **Counts.** All predictions of the model that come, also those of versions that a limit turned away.
//!
//! **Formula.** b = the smallest of the counts 24 h before at −15, 0 and +15 minutes and, once there are 7 days, of
//! those 7 days before; x = the count; L = ln(1/α). Breach when b ≥ 30, b − x ≥ √(2Lb) and x < 0.35 b. Before there
//! are 7 days, the last condition is x < 0.1 b.
//!
//! **Assumptions and limits.** Traffic repeats daily, and weekly once a week has been seen. (b−x)² ÷ 2b is Chernoff's
//! bound on the lower tail of a Poisson count, in nats. A holiday or a planned stop is a finding. With an expected
//! count below 30 in a quarter of an hour, the verdict is insufficient data. An outage yesterday lowers today's b, so
//! the finding may be missed on the second day.
//!
//! **Cost.** Seven look-ups. State: at most [`SLOTS_MAX`] counts, about 4 KB serialized. **Source.** The Poisson tail
//! of Mitzenmacher and Upfal, theorem 5.4. **Rejected.** A Poisson test against the mean of the past, because it fires
//! every night.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Budget, Family, Finding, Verdict};
use crate::window::Boundary;

/// Stable name of the detector.
pub const NAME: &str = "volume";
/// Length of a slot in minutes.
pub const SLOT_MINUTES: i64 = 15;
/// Maximum number of slots kept: 8 days, and the slot to judge.
pub const SLOTS_MAX: usize = 8 * 96 + 1;

const SLOTS_PER_DAY: i64 = 96;
const SLOTS_PER_WEEK: i64 = 7 * SLOTS_PER_DAY;
/// Minimum expected count. Slots with a smaller one are not judged.
const EXPECTED_MIN: u64 = 30;
/// Share of the expected count below which traffic has dropped, once a week is known.
const SHARE_OF_A_WEEK: f64 = 0.35;
/// Share of the expected count below which traffic has dropped while less than a week is known. Below it, the finding
/// always pages at once.
const SHARE_OF_A_DAY: f64 = 0.1;

/// Slot of event time: a quarter of an hour, counted from the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub i64);

impl Slot {
    /// Slot that contains `boundary`. A pane belongs to the slot of its start.
    #[must_use]
    pub fn holding(boundary: Boundary) -> Self {
        Self(boundary.0.div_euclid(SLOT_MINUTES))
    }

    /// Time at which the slot ends and can be judged.
    #[must_use]
    pub fn end(self) -> Boundary {
        Boundary((self.0 + 1) * SLOT_MINUTES)
    }
}

/// Number of events in each recent slot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VolumeHistory {
    counts: BTreeMap<Slot, u64>,
}

impl VolumeHistory {
    /// Adds `count` events to `slot`. Record 0 for a slot without events; otherwise the slot counts as unknown. Only
    /// the newest [`SLOTS_MAX`] slots are kept.
    pub fn record(&mut self, slot: Slot, count: u64) {
        *self.counts.entry(slot).or_default() += count;
        while self.counts.len() > SLOTS_MAX {
            self.counts.pop_first();
        }
    }

    /// Judges a closed slot; `None` while the same time on the previous day is unknown.
    #[must_use]
    pub fn judge(&self, slot: Slot, budget: Budget) -> Option<Finding> {
        let x = *self.counts.get(&slot)?;
        let yesterday = self.smallest_around(slot, SLOTS_PER_DAY)?;
        let last_week = self.smallest_around(slot, SLOTS_PER_WEEK);
        let expected = last_week.map_or(yesterday, |count| count.min(yesterday));
        let share = if last_week.is_some() {
            SHARE_OF_A_WEEK
        } else {
            SHARE_OF_A_DAY
        };
        Some(finding(x, expected, share, budget))
    }

    /// Smallest count of the slot `slots` ago and its two neighbours; `None` unless all three are known.
    fn smallest_around(&self, slot: Slot, slots: i64) -> Option<u64> {
        let at = |offset: i64| self.counts.get(&Slot(slot.0 - slots + offset)).copied();
        Some(at(-1)?.min(at(0)?).min(at(1)?))
    }
}

fn finding(x: u64, expected: u64, share: f64, budget: Budget) -> Finding {
    let (count, b) = (x as f64, expected as f64);
    let missing = (b - count).max(0.0);
    let (value, statistic) = if expected == 0 {
        (0.0, 0.0)
    } else {
        (missing / b, missing * missing / (2.0 * b))
    };
    let threshold = 1.0 - share;
    let critical = budget.surprise();
    let enough = expected >= EXPECTED_MIN;
    let verdict = match Verdict::of(enough, value / threshold, statistic, critical) {
        Verdict::Breach if count >= share * b => Verdict::Lingering, // a count exactly at the bound is not below it
        verdict => verdict,
    };
    Finding {
        detector: NAME,
        family: Family::Volume,
        subject: None,
        verdict,
        value,
        threshold,
        effect: value / threshold,
        statistic,
        critical,
        p_value: None,
        window_events: x,
        reference_events: expected,
        critical_effect: count < SHARE_OF_A_DAY * b,
        is_provisional: false,
        details: BTreeMap::from([
            ("count", count),
            ("expected", b),
            ("share_min", share),
            ("alpha", budget.alpha()),
        ]),
        category: None,
    }
}

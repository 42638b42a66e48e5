//! `volume`: traffic that fell away, judged against the same time of earlier days.
//!
//! **Intuition.** Traffic has a shape per day and per week. The smallest of yesterday's three quarters of an hour around
//! now, and of last week's three, is a level that ordinary traffic does not fall far below.
//!
//! **Formula.** b = the smallest of the counts 24 h before at −15, 0 and +15 minutes and, once there are 7 days, of those 7
//! days before; x = the count. Breach when b ≥ 30, b − x ≥ √(2Lb) and x < 0.35 b; before there are 7 days x < 0.1 b.
//!
//! **Assumptions and limits.** Traffic repeats by the day, and by the week once one has been seen. (b−x)² ÷ 2b is Chernoff's
//! bound of a Poisson count's lower tail, in nats. A holiday, or a planned stop, is a finding. Fewer than 30 events in a quarter of an
//! hour: insufficient data. Yesterday's outage lowers today's b: the finding of a second day may be missed.
//!
//! **Cost.** Seven look-ups. State: at most [`SLOTS_MAX`] counts, some 4 KB serialised.
//! **Source.** The Poisson tail of Mitzenmacher and Upfal, theorem 5.4. **Rejected.** Poisson against the mean of the past, which fires every night.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Budget, Family, Finding, Verdict};
use crate::window::Boundary;

/// The detector's stable name.
pub const NAME: &str = "volume";
/// Minutes of a slot.
pub const SLOT_MINUTES: i64 = 15;
/// Slots that are kept: 8 days and the one that is judged.
pub const SLOTS_MAX: usize = 8 * 96 + 1;

const SLOTS_PER_DAY: i64 = 96;
const SLOTS_PER_WEEK: i64 = 7 * SLOTS_PER_DAY;
/// Events a slot must be expected to hold to be judged.
const EXPECTED_MIN: u64 = 30;
/// The share of the expected below which traffic fell away, once a week is known.
const SHARE_OF_A_WEEK: f64 = 0.35;
/// The same while only days are known, and where it pages at once.
const SHARE_OF_A_DAY: f64 = 0.1;

/// A quarter of an hour of event time, counted from the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub i64);

impl Slot {
    /// The slot that begins at or before `boundary`; a pane belongs to the slot of its beginning.
    #[must_use]
    pub fn holding(boundary: Boundary) -> Self {
        Self(boundary.0.div_euclid(SLOT_MINUTES))
    }

    /// The instant at which it ends and may be judged.
    #[must_use]
    pub fn end(self) -> Boundary {
        Boundary((self.0 + 1) * SLOT_MINUTES)
    }
}

/// How many events each of the last slots held.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VolumeHistory {
    counts: BTreeMap<Slot, u64>,
}

impl VolumeHistory {
    /// Adds `count` events to `slot`; a slot that held none must be recorded with 0, else it counts as unknown.
    /// Only the newest [`SLOTS_MAX`] slots are kept.
    pub fn record(&mut self, slot: Slot, count: u64) {
        *self.counts.entry(slot).or_default() += count;
        while self.counts.len() > SLOTS_MAX {
            self.counts.pop_first();
        }
    }

    /// Judges a closed slot; `None` while the same time of the day before is unknown.
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

    /// The smallest count of the three slots around the one `slots` ago; `None` unless all are known.
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
        Verdict::Breach if count >= share * b => Verdict::Lingering, // exactly at the bound is not below it
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
        details: BTreeMap::from([
            ("count", count),
            ("expected", b),
            ("share_min", share),
            ("alpha", budget.alpha()),
        ]),
        category: None,
    }
}

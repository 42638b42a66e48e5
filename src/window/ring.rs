//! Ring of closed panes of one scope: panes of a minute while recent, then of a quarter of an hour, an hour, six hours.
//!
//! Nothing can be subtracted from a pane, so each evaluation of a window merges its panes anew. It uses the longest panes
//! that the window covers whole. A window of one hour that moves by a minute costs at most 3 + 28 merges instead of 60,
//! one of 30 days at most 120 instead of 43,200.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pane::{Boundary, Span};
use crate::sketch::Monoid;

/// Length of the panes that most of the work goes by, in minutes: a quarter of an hour.
pub const COARSE_MINUTES: i64 = Tier::Quarter.minutes();

/// Length of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// A minute.
    Minute,
    /// A quarter of an hour.
    Quarter,
    /// An hour.
    Hour,
    /// Six hours.
    SixHours,
}

/// All lengths of panes, ascending. Each divides the next.
pub const TIERS: [Tier; 4] = [Tier::Minute, Tier::Quarter, Tier::Hour, Tier::SixHours];

impl Tier {
    /// Length in minutes.
    #[must_use]
    pub const fn minutes(self) -> i64 {
        match self {
            Self::Minute => 1,
            Self::Quarter => 15,
            Self::Hour => 60,
            Self::SixHours => 360,
        }
    }
}

/// Closed panes, by length and start.
#[derive(Debug, Clone, PartialEq)]
pub struct PaneRing<M> {
    panes: BTreeMap<Tier, BTreeMap<Boundary, M>>,
}

/// Changes made by one aging step. The owner persists them.
#[derive(Debug, PartialEq, Default)]
pub struct Aged {
    /// Panes that were built from shorter ones.
    pub made: Vec<(Tier, Boundary)>,
    /// Panes that were dropped.
    pub dropped: Vec<(Tier, Boundary)>,
}

/// Retention of panes of each length, in minutes before the latest boundary; 0 if no such pane is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Panes of a minute.
    pub minute: i64,
    /// Panes of a quarter of an hour.
    pub quarter: i64,
    /// Panes of an hour.
    pub hour: i64,
    /// Panes of six hours.
    pub six_hours: i64,
}

impl Retention {
    fn of(self, tier: Tier) -> i64 {
        match tier {
            Tier::Minute => self.minute,
            Tier::Quarter => self.quarter,
            Tier::Hour => self.hour,
            Tier::SixHours => self.six_hours,
        }
    }
}

impl<M> Default for PaneRing<M> {
    fn default() -> Self {
        Self {
            panes: BTreeMap::new(),
        }
    }
}

impl<M: Monoid> PaneRing<M> {
    /// Adds a closed pane of one minute, or restores a persisted pane of any length.
    pub fn insert(&mut self, tier: Tier, start: Boundary, pane: M) {
        self.panes.entry(tier).or_default().insert(start, pane);
    }

    /// The pane of this length that begins at `start`.
    #[must_use]
    pub fn pane(&self, tier: Tier, start: Boundary) -> Option<&M> {
        self.panes.get(&tier)?.get(&start)
    }

    /// Panes of this length that begin within `span`, by start.
    pub fn within(&self, tier: Tier, span: Span) -> impl Iterator<Item = (Boundary, &M)> {
        let panes = self.panes.get(&tier);
        let within = panes.filter(|_| span.start < span.end);
        let within = within.map(|panes| panes.range(span.start..span.end));
        within
            .into_iter()
            .flatten()
            .map(|(start, pane)| (*start, pane))
    }

    /// Start of the oldest pane.
    #[must_use]
    pub fn first(&self) -> Option<Boundary> {
        let firsts = self.panes.values().filter_map(BTreeMap::first_key_value);
        firsts.map(|(start, _)| *start).min()
    }

    /// Iterates over the length and start of each pane.
    pub fn starts(&self) -> impl Iterator<Item = (Tier, Boundary)> {
        let starts = |(tier, panes): (&Tier, &BTreeMap<Boundary, M>)| {
            let tier = *tier;
            let starts: Vec<Boundary> = panes.keys().copied().collect();
            starts.into_iter().map(move |start| (tier, start))
        };
        self.panes.iter().flat_map(starts)
    }

    /// Number of panes kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.panes.values().map(BTreeMap::len).sum()
    }

    /// True if no pane is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Builds the longer panes that end at `now`, and drops panes beyond the retention. Call it at each boundary, after
    /// the pane of that boundary was inserted.
    pub fn age(&mut self, now: Boundary, keep: Retention) -> Aged {
        let mut aged = Aged::default();
        for tier in TIERS.into_iter().filter(|tier| keep.of(*tier) > 0) {
            aged.made.extend(self.build(tier, now));
        }
        for tier in TIERS {
            let oldest = now.plus_minutes(-keep.of(tier));
            if let Some(panes) = self.panes.get_mut(&tier) {
                let dropped = drop_before(panes, oldest).into_iter();
                aged.dropped.extend(dropped.map(|start| (tier, start)));
            }
        }
        aged
    }

    fn build(&mut self, tier: Tier, now: Boundary) -> Option<(Tier, Boundary)> {
        if tier == Tier::Minute || !now.on_grid(tier.minutes()) {
            return None;
        }
        let start = now.plus_minutes(-tier.minutes());
        let panes = self.panes_of(Span { start, end: now });
        let mut merged = M::default();
        panes.first()?;
        panes.into_iter().for_each(|pane| merged.merge(pane));
        self.insert(tier, start, merged);
        Some((tier, start))
    }

    /// Panes that make up `span`: the longest that it covers whole.
    pub fn panes_of(&self, span: Span) -> Vec<&M> {
        let mut panes = Vec::new();
        let mut at = span.start;
        while at < span.end {
            let covered = TIERS.into_iter().rev().find_map(|tier| {
                let next = at.plus_minutes(tier.minutes());
                let pane = self.pane(tier, at).filter(|_| next <= span.end)?;
                Some((next, pane))
            });
            match covered {
                Some((next, pane)) => {
                    panes.push(pane);
                    at = next;
                }
                None => at = self.next_start(at).unwrap_or(span.end),
            }
        }
        panes
    }

    /// Start of the first pane after `at`. A ring with little traffic has long gaps.
    fn next_start(&self, at: Boundary) -> Option<Boundary> {
        let after = at.plus_minutes(1);
        let nexts = self
            .panes
            .values()
            .filter_map(|panes| panes.range(after..).next());
        nexts.map(|(start, _)| *start).min()
    }

    /// Merges all panes in `span`.
    #[must_use]
    pub fn merged(&self, span: Span) -> M {
        let mut merged = M::default();
        for pane in self.panes_of(span) {
            merged.merge(pane);
        }
        merged
    }
}

fn drop_before<M>(panes: &mut BTreeMap<Boundary, M>, oldest: Boundary) -> Vec<Boundary> {
    let kept = panes.split_off(&oldest);
    std::mem::replace(panes, kept).into_keys().collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::sketch::TypeCounts;

    fn count(number: u64) -> TypeCounts {
        TypeCounts {
            number,
            ..TypeCounts::default()
        }
    }

    const KEEP: Retention = Retention {
        minute: 75,
        quarter: 300,
        hour: 600,
        six_hours: 1_440,
    };

    #[test]
    fn every_window_is_the_sum_of_its_minutes_however_they_have_aged() {
        let mut ring = PaneRing::default();
        for minute in 0..1_800 {
            ring.insert(Tier::Minute, Boundary(minute), count(1 << (minute % 40)));
            ring.age(Boundary(minute + 1), KEEP);
        }
        let recent = [
            (1_785, 1_800),
            (1_740, 1_800),
            (1_733, 1_793),
            (1_725, 1_740),
        ];
        let long = [(1_515, 1_800), (1_380, 1_800), (360, 1_800), (1_320, 1_740)];
        for (start, end) in recent.into_iter().chain(long) {
            let span = Span {
                start: Boundary(start),
                end: Boundary(end),
            };
            let direct: u64 = (start..end).map(|m| 1u64 << (m % 40)).sum();
            assert_eq!(ring.merged(span).number, direct, "{start}..{end}");
        }
    }

    #[test]
    fn a_window_of_days_merges_few_panes() {
        let mut ring = PaneRing::default();
        for minute in 0..1_800 {
            ring.insert(Tier::Minute, Boundary(minute), count(1));
            ring.age(Boundary(minute + 1), KEEP);
        }
        let day = Span {
            start: Boundary(360),
            end: Boundary(1_800),
        };
        assert_eq!(ring.panes_of(day).len(), 4);
    }

    #[test]
    fn a_quarter_without_a_pane_makes_none_and_old_panes_go() {
        let keep = Retention {
            minute: 75,
            quarter: 1_440,
            ..Retention::default()
        };
        let mut ring: PaneRing<TypeCounts> = PaneRing::default();
        ring.insert(Tier::Minute, Boundary(3), count(5));
        let quarter = (Tier::Quarter, Boundary(0));
        assert_eq!(ring.age(Boundary(15), keep).made, vec![quarter]);
        assert_eq!(ring.age(Boundary(30), keep).made, vec![]);
        let dropped = ring.age(Boundary(90), keep).dropped;
        assert_eq!(dropped, vec![(Tier::Minute, Boundary(3))]);
        assert_eq!(ring.age(Boundary(1_455), keep).dropped, vec![quarter]);
        assert!(ring.is_empty());
    }
}

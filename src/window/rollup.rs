//! Panes of three lengths for data that arrives long after its time, such as labels of last week.
//!
//! Each addition goes into the quarter of an hour, the hour and the day that contain its time. Each length has its own
//! retention. A window is merged from the longest panes that fit into it, so a week takes seven merges. A month of
//! minutes need not be kept. Data that is too old for the quarters still counts in the hour and the day.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::pane::{Boundary, Span};
use crate::sketch::Monoid;

/// Length of a pane in a [`RollupRing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Resolution {
    /// 15 minutes.
    Quarter,
    /// One hour.
    Hour,
    /// One day.
    Day,
}

impl Resolution {
    /// All resolutions, from the longest to the shortest.
    pub const ALL: [Self; 3] = [Self::Day, Self::Hour, Self::Quarter];

    /// Length in minutes.
    #[must_use]
    pub fn minutes(self) -> i64 {
        match self {
            Self::Quarter => 15,
            Self::Hour => 60,
            Self::Day => 1_440,
        }
    }

    /// Start of the pane that contains `at`.
    #[must_use]
    pub fn start(self, at: Boundary) -> Boundary {
        at.floor(self.minutes())
    }
}

/// Retention of panes, in minutes before the latest boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollupRetention {
    /// Retention of panes of 15 minutes.
    pub quarter_minutes: i64,
    /// Retention of panes of one hour.
    pub hour_minutes: i64,
    /// Retention of panes of one day.
    pub day_minutes: i64,
}

impl RollupRetention {
    fn minutes(self, resolution: Resolution) -> i64 {
        match resolution {
            Resolution::Quarter => self.quarter_minutes,
            Resolution::Hour => self.hour_minutes,
            Resolution::Day => self.day_minutes,
        }
    }
}

/// Name of a pane: its length and its start.
pub type PaneName = (Resolution, Boundary);

/// Panes of three lengths, and the names of the changed ones.
#[derive(Debug, Clone, PartialEq)]
pub struct RollupRing<M> {
    panes: BTreeMap<PaneName, M>,
    changed: BTreeSet<PaneName>,
}

impl<M> Default for RollupRing<M> {
    fn default() -> Self {
        Self {
            panes: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }
}

impl<M: Monoid> RollupRing<M> {
    /// Merges `what` into every pane that contains `at` and is within its retention at `now`.
    pub fn add(&mut self, at: Boundary, what: &M, now: Boundary, kept: RollupRetention) {
        for resolution in Resolution::ALL {
            let start = resolution.start(at);
            if !is_old(resolution, start, now, kept) {
                self.panes
                    .entry((resolution, start))
                    .or_default()
                    .merge(what);
                self.changed.insert((resolution, start));
            }
        }
    }

    /// Restores a persisted pane.
    pub fn insert(&mut self, name: PaneName, pane: M) {
        self.panes.insert(name, pane);
    }

    /// Drops panes beyond the retention and returns their names.
    pub fn age(&mut self, now: Boundary, kept: RollupRetention) -> Vec<PaneName> {
        let old: Vec<PaneName> = Resolution::ALL
            .into_iter()
            .flat_map(|resolution| self.old_of(resolution, now, kept))
            .collect();
        for name in &old {
            self.panes.remove(name);
            self.changed.remove(name);
        }
        old
    }

    fn old_of(
        &self,
        resolution: Resolution,
        now: Boundary,
        kept: RollupRetention,
    ) -> impl Iterator<Item = PaneName> {
        let of_resolution = self
            .panes
            .range((resolution, Boundary(i64::MIN))..)
            .map(|(name, _)| *name);
        of_resolution.take_while(move |(of, start)| {
            *of == resolution && is_old(resolution, *start, now, kept)
        })
    }

    /// Returns the panes that changed since the last call.
    pub fn take_changed(&mut self) -> impl Iterator<Item = (PaneName, &M)> {
        let changed = std::mem::take(&mut self.changed);
        let panes = &self.panes;
        changed
            .into_iter()
            .filter_map(|name| Some((name, panes.get(&name)?)))
    }

    /// Iterates over the names of all panes.
    pub fn names(&self) -> impl Iterator<Item = PaneName> {
        self.panes.keys().copied()
    }

    /// Number of panes kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.panes.len()
    }

    /// True if no pane is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.panes.is_empty()
    }

    /// Merges all panes in `span`. Both ends of `span` must be multiples of 15 minutes.
    #[must_use]
    pub fn merged(&self, span: Span) -> M {
        let mut merged = M::default();
        let mut at = span.start;
        while at < span.end {
            let fits = |resolution: &Resolution| {
                at.on_grid(resolution.minutes())
                    && at.plus_minutes(resolution.minutes()) <= span.end
            };
            let resolution = Resolution::ALL
                .into_iter()
                .find(fits)
                .unwrap_or(Resolution::Quarter);
            if let Some(pane) = self.panes.get(&(resolution, resolution.start(at))) {
                merged.merge(pane);
            }
            at = resolution.start(at).plus_minutes(resolution.minutes());
        }
        merged
    }
}

fn is_old(resolution: Resolution, start: Boundary, now: Boundary, kept: RollupRetention) -> bool {
    start.plus_minutes(resolution.minutes()) <= now.plus_minutes(-kept.minutes(resolution))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::Share;

    const KEPT: RollupRetention = RollupRetention {
        quarter_minutes: 1_440,
        hour_minutes: 4 * 1_440,
        day_minutes: 10 * 1_440,
    };

    fn one(good: i64) -> Share {
        Share { good, valid: 1 }
    }

    #[test]
    fn a_window_is_the_sum_of_its_quarters_whatever_panes_it_is_made_of() {
        let mut ring = RollupRing::default();
        let now = Boundary(3 * 1_440);
        for quarter in 0..96 * 3 {
            ring.add(Boundary(quarter * 15 + 7), &one(quarter), now, KEPT);
        }
        for (start, end) in [(2_880, 4_320), (3_000, 4_200), (2_985, 4_305), (60, 4_260)] {
            let span = Span {
                start: Boundary(start),
                end: Boundary(end),
            };
            let direct: i64 = (start / 15..end / 15).sum();
            assert_eq!(ring.merged(span).good, direct, "{start}..{end}");
        }
    }

    #[test]
    fn each_length_is_kept_for_its_own_time_and_a_late_word_counts_where_it_still_can() {
        let mut ring = RollupRing::default();
        let now = Boundary(6 * 1_440);
        ring.add(Boundary(30), &one(1), now, KEPT);
        assert_eq!(
            ring.names().collect::<Vec<_>>(),
            [(Resolution::Day, Boundary(0))]
        );
        let dropped = ring.age(Boundary(11 * 1_440), KEPT);
        assert_eq!(dropped, [(Resolution::Day, Boundary(0))]);
        assert!(ring.is_empty());
    }

    #[test]
    fn what_changed_is_told_once() {
        let mut ring = RollupRing::default();
        ring.add(Boundary(30), &one(1), Boundary(60), KEPT);
        assert_eq!(ring.take_changed().count(), 3);
        assert_eq!(ring.take_changed().count(), 0);
        ring.add(Boundary(31), &one(1), Boundary(60), KEPT);
        assert_eq!(ring.take_changed().count(), 3);
    }
}

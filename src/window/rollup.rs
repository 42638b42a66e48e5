//! Panes of three lengths at once, for what is added to long after its time: labels of last week.
//!
//! Everything that is added goes into the quarter of an hour, the hour and the day that hold it; each is kept for its own
//! time. A window is merged from the longest panes that fit into it, so a week is seven merges, and a day of minutes is
//! never kept for a month. What is too old for the quarters is still counted by the hour and by the day.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::pane::{Boundary, Span};
use crate::sketch::Monoid;

/// The length of such a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Resolution {
    /// 15 minutes.
    Quarter,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Resolution {
    /// From the longest to the shortest.
    pub const ALL: [Self; 3] = [Self::Day, Self::Hour, Self::Quarter];

    /// Its length in minutes.
    #[must_use]
    pub fn minutes(self) -> i64 {
        match self {
            Self::Quarter => 15,
            Self::Hour => 60,
            Self::Day => 1_440,
        }
    }

    /// The beginning of the pane that holds `at`.
    #[must_use]
    pub fn start(self, at: Boundary) -> Boundary {
        at.floor(self.minutes())
    }
}

/// How long panes are kept, in minutes before the boundary that has just passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollupRetention {
    /// Quarters.
    pub quarter_minutes: i64,
    /// Hours.
    pub hour_minutes: i64,
    /// Days.
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

/// A pane by its length and its beginning.
pub type PaneName = (Resolution, Boundary);

/// Panes of three lengths.
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
    /// Counts `what` in every pane that holds `at` and is still kept at `now`.
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

    /// Puts back a pane that was written down.
    pub fn insert(&mut self, name: PaneName, pane: M) {
        self.panes.insert(name, pane);
    }

    /// Drops what is too old; answers what that was.
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
        let of_grain = self
            .panes
            .range((resolution, Boundary(i64::MIN))..)
            .map(|(name, _)| *name);
        of_grain
            .take_while(move |(g, start)| *g == resolution && is_old(resolution, *start, now, kept))
    }

    /// The panes that changed since the last call.
    pub fn take_changed(&mut self) -> impl Iterator<Item = (PaneName, &M)> {
        let changed = std::mem::take(&mut self.changed);
        let panes = &self.panes;
        changed
            .into_iter()
            .filter_map(|name| Some((name, panes.get(&name)?)))
    }

    /// Every pane's name.
    pub fn names(&self) -> impl Iterator<Item = PaneName> {
        self.panes.keys().copied()
    }

    /// Panes kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.panes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.panes.is_empty()
    }

    /// Everything in `span`, merged; its ends lie on quarters of an hour.
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

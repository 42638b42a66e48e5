//! Ring of closed panes of one scope: panes of one minute while recent, panes of 15 minutes when older.
//!
//! Nothing can be subtracted from a pane, so each evaluation of a window merges its panes anew. It uses whole 15-minute
//! panes where the window covers them. A window of one hour that moves by a minute costs at most 3 + 14 merges instead
//! of 60.

use std::collections::BTreeMap;

use super::pane::{Boundary, Span};
use crate::sketch::Monoid;

/// Length of a coarse pane in minutes.
pub const COARSE_MINUTES: i64 = 15;

/// Closed panes, by start.
#[derive(Debug, Clone, PartialEq)]
pub struct PaneRing<M> {
    fine: BTreeMap<Boundary, M>,
    coarse: BTreeMap<Boundary, M>,
}

/// Changes made by one aging step. The owner persists them.
#[derive(Debug, PartialEq)]
pub struct Aged {
    /// Start of the coarse pane that was built, if any.
    pub made: Option<Boundary>,
    /// Starts of the fine panes that were dropped.
    pub fine_dropped: Vec<Boundary>,
    /// Starts of the coarse panes that were dropped.
    pub coarse_dropped: Vec<Boundary>,
}

/// Retention of panes, in minutes before the latest boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Retention of fine panes: the longest window whose step is shorter than a coarse pane, plus one coarse pane.
    pub fine_minutes: i64,
    /// Retention of coarse panes.
    pub coarse_minutes: i64,
}

impl<M> Default for PaneRing<M> {
    fn default() -> Self {
        Self {
            fine: BTreeMap::new(),
            coarse: BTreeMap::new(),
        }
    }
}

impl<M: Monoid> PaneRing<M> {
    /// Adds a closed pane of one minute, or restores a persisted one.
    pub fn insert_fine(&mut self, start: Boundary, pane: M) {
        self.fine.insert(start, pane);
    }

    /// Restores a persisted coarse pane.
    pub fn insert_coarse(&mut self, start: Boundary, pane: M) {
        self.coarse.insert(start, pane);
    }

    /// Coarse pane that begins at `start`.
    #[must_use]
    pub fn coarse(&self, start: Boundary) -> Option<&M> {
        self.coarse.get(&start)
    }

    /// Coarse panes that begin within `span`, by start.
    pub fn coarse_within(&self, span: Span) -> impl Iterator<Item = (Boundary, &M)> {
        self.coarse
            .range(span.start..span.end)
            .map(|(start, pane)| (*start, pane))
    }

    /// Start of the oldest pane.
    #[must_use]
    pub fn first(&self) -> Option<Boundary> {
        let fine = self.fine.first_key_value().map(|(start, _)| *start);
        let coarse = self.coarse.first_key_value().map(|(start, _)| *start);
        [fine, coarse].into_iter().flatten().min()
    }

    /// Start of the newest pane.
    #[must_use]
    pub fn last(&self) -> Option<Boundary> {
        let fine = self.fine.last_key_value().map(|(start, _)| *start);
        let coarse = self.coarse.last_key_value().map(|(start, _)| *start);
        [fine, coarse].into_iter().flatten().max()
    }

    /// Iterates over the start of each pane, with true for a fine pane and false for a coarse one.
    pub fn starts(&self) -> impl Iterator<Item = (Boundary, bool)> {
        let fine = self.fine.keys().map(|start| (*start, true));
        fine.chain(self.coarse.keys().map(|start| (*start, false)))
    }

    /// Number of panes kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fine.len() + self.coarse.len()
    }

    /// True if no pane is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Builds the coarse pane that ends at `now` and drops panes beyond the retention. Call it at each boundary, after
    /// the pane of that boundary was inserted.
    pub fn age(&mut self, now: Boundary, keep: Retention) -> Aged {
        let made = self.coarsen(now);
        let fine_dropped = drop_before(&mut self.fine, now.plus_minutes(-keep.fine_minutes));
        let coarse_dropped = drop_before(&mut self.coarse, now.plus_minutes(-keep.coarse_minutes));
        Aged {
            made,
            fine_dropped,
            coarse_dropped,
        }
    }

    fn coarsen(&mut self, now: Boundary) -> Option<Boundary> {
        if !now.on_grid(COARSE_MINUTES) {
            return None;
        }
        let start = now.plus_minutes(-COARSE_MINUTES);
        let mut merged = M::default();
        let mut panes = self.fine.range(start..now).peekable();
        panes.peek()?;
        for (_, pane) in panes {
            merged.merge(pane);
        }
        self.coarse.insert(start, merged);
        Some(start)
    }

    /// Panes that make up `span`: coarse panes where `span` covers them whole, fine panes elsewhere.
    pub fn panes_of(&self, span: Span) -> Vec<&M> {
        let mut panes = Vec::new();
        let mut at = span.start;
        while at < span.end {
            let next = at.plus_minutes(COARSE_MINUTES);
            match self.coarse.get(&at) {
                Some(quarter) if next <= span.end => {
                    panes.push(quarter);
                    at = next;
                }
                _ => {
                    panes.extend(self.fine.get(&at));
                    at = at.plus_minutes(1);
                }
            }
        }
        panes
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
        fine_minutes: 75,
        coarse_minutes: 1_440,
    };

    #[test]
    fn every_window_is_the_sum_of_its_minutes_however_they_have_aged() {
        let mut ring = PaneRing::default();
        for minute in 0..300 {
            ring.insert_fine(Boundary(minute), count(1 << (minute % 40)));
            ring.age(Boundary(minute + 1), KEEP);
        }
        for (start, end) in [(285, 300), (240, 300), (233, 293), (60, 300), (225, 240)] {
            let span = Span {
                start: Boundary(start),
                end: Boundary(end),
            };
            let direct: u64 = (start..end).map(|m| 1u64 << (m % 40)).sum();
            assert_eq!(ring.merged(span).number, direct, "{start}..{end}");
        }
    }

    #[test]
    fn a_quarter_without_a_pane_makes_none_and_old_panes_go() {
        let mut ring: PaneRing<TypeCounts> = PaneRing::default();
        ring.insert_fine(Boundary(3), count(5));
        assert_eq!(ring.age(Boundary(15), KEEP).made, Some(Boundary(0)));
        assert_eq!(ring.age(Boundary(30), KEEP).made, None);
        assert_eq!(ring.age(Boundary(90), KEEP).fine_dropped, vec![Boundary(3)]);
        assert_eq!(
            ring.age(Boundary(1_455), KEEP).coarse_dropped,
            vec![Boundary(0)]
        );
        assert!(ring.is_empty());
    }
}

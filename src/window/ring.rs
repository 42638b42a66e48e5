//! The closed panes of one scope: minutes while they are young, quarters of an hour when they have aged.
//!
//! A window is merged anew from its panes each time it is judged (nothing can be subtracted), taking whole quarters
//! where it covers them: one hour that moves by a minute costs at most 3 + 14 merges instead of 60.

use std::collections::BTreeMap;

use super::pane::{Boundary, Span};
use crate::sketch::Monoid;

/// Minutes of an aged pane.
pub const COARSE_MINUTES: i64 = 15;

/// Closed panes by their beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct PaneRing<M> {
    fine: BTreeMap<Boundary, M>,
    coarse: BTreeMap<Boundary, M>,
}

/// What aging changed, so that the owner can write it down.
#[derive(Debug, PartialEq)]
pub struct Aged {
    /// The coarse pane that was made, by its beginning.
    pub made: Option<Boundary>,
    /// Fine panes that were dropped.
    pub fine_dropped: Vec<Boundary>,
    /// Coarse panes that were dropped.
    pub coarse_dropped: Vec<Boundary>,
}

/// How far back panes are kept, both in minutes before the boundary that has just passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Of fine panes: the longest window that moves by less than a coarse pane, and one coarse pane more.
    pub fine_minutes: i64,
    /// Of coarse panes.
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
    /// Adds a closed pane of one minute, or puts back one that was written down.
    pub fn insert_fine(&mut self, start: Boundary, pane: M) {
        self.fine.insert(start, pane);
    }

    /// Puts back an aged pane that was written down.
    pub fn insert_coarse(&mut self, start: Boundary, pane: M) {
        self.coarse.insert(start, pane);
    }

    /// The aged pane that begins at `start`.
    #[must_use]
    pub fn coarse(&self, start: Boundary) -> Option<&M> {
        self.coarse.get(&start)
    }

    /// The aged panes within `span`, by their beginning.
    pub fn coarse_within(&self, span: Span) -> impl Iterator<Item = (Boundary, &M)> {
        self.coarse
            .range(span.start..span.end)
            .map(|(start, pane)| (*start, pane))
    }

    /// The beginning of the oldest pane.
    #[must_use]
    pub fn first(&self) -> Option<Boundary> {
        let fine = self.fine.first_key_value().map(|(start, _)| *start);
        let coarse = self.coarse.first_key_value().map(|(start, _)| *start);
        [fine, coarse].into_iter().flatten().min()
    }

    /// The beginning of the youngest pane.
    #[must_use]
    pub fn last(&self) -> Option<Boundary> {
        let fine = self.fine.last_key_value().map(|(start, _)| *start);
        let coarse = self.coarse.last_key_value().map(|(start, _)| *start);
        [fine, coarse].into_iter().flatten().max()
    }

    /// The beginning of each pane, and whether it is a fine one.
    pub fn starts(&self) -> impl Iterator<Item = (Boundary, bool)> {
        let fine = self.fine.keys().map(|start| (*start, true));
        fine.chain(self.coarse.keys().map(|start| (*start, false)))
    }

    /// Panes kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fine.len() + self.coarse.len()
    }

    /// Whether no pane is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Called at each boundary once its pane is in: makes the coarse pane that ends there, drops what is too old.
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

    /// The panes that make up `span`, whole quarters where they are covered.
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

    /// Everything in `span`, merged.
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

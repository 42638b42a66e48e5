//! Counts the panes of a model against its references: as they close, and again after a restart.

use super::model::Model;
use super::slice::Slice;
use super::tallies::Baselines;
use crate::event::Segment;
use crate::sketch::Partial;
use crate::window::{Boundary, Tier};

impl Model {
    /// Counts a pane of a minute that has just closed, if its slice has a reference.
    pub(super) fn count_pane(&mut self, slice: &Slice, start: Boundary, pane: &Partial) {
        let counted = self
            .baselines_of(slice.segment.as_ref())
            .map(|baselines| baselines.count(pane));
        if let Some(counted) = counted {
            let ring = self.tallies.entry(slice.clone()).or_default();
            ring.insert(Tier::Minute, start, counted);
        }
    }

    /// Counts the panes of minutes again after a restart.
    pub(super) fn count_minutes_again(&mut self) {
        let mut counted = Vec::new();
        for (slice, ring) in &self.rings {
            let Some((baselines, since)) = self.judged_since(slice.segment.as_ref()) else {
                continue;
            };
            let minutes = ring.starts().filter(|(tier, _)| *tier == Tier::Minute);
            for (tier, start) in minutes.filter(|(_, start)| *start >= since) {
                if let Some(pane) = ring.pane(tier, start) {
                    counted.push((slice.clone(), start, baselines.count(pane)));
                }
            }
        }
        for (slice, start, pane) in counted {
            let ring = self.tallies.entry(slice).or_default();
            ring.insert(Tier::Minute, start, pane);
        }
    }

    /// The baselines of a segment, or of the whole, and the boundary from which panes are counted.
    fn judged_since(&self, segment: Option<&Segment>) -> Option<(&Baselines, Boundary)> {
        let baselines = self.baselines_of(segment)?;
        let learned = baselines.iter().map(|(_, own)| own.compared_since);
        Some((baselines, learned.min()?))
    }
}

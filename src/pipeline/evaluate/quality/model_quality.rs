//! The quality data of one model: panes of each slice by prediction time and by label time.

use std::collections::BTreeMap;

use super::super::slice::Slice;
use super::knowledge::{DriftToAssess, QualityKnowledge};
use super::span::retention;
use crate::alert::{AlertKey, WindowTime};
use crate::event::Segment;
use crate::pipeline::plan::Plan;
use crate::pipeline::state::QualityPane;
use crate::sketch::{Monoid, Quality};
use crate::stats::POSITIVE_CLASSES;
use crate::window::{Boundary, RollupRing, Span};

/// Drifts that may wait for their assessment. Beyond it, the oldest is dropped.
const DRIFTS_MAX: usize = 100;

/// The quality of one model.
#[derive(Default)]
pub struct ModelQuality {
    pub(super) panes: BTreeMap<Slice, QualityPanes>,
    pub(super) knowledge: QualityKnowledge,
    /// Usual delay and coverage of labels at the last full hour. They are taken from predictions that no label can reach
    /// any more, so a restart computes the same values again.
    pub(super) maturity: Option<Maturity>,
    pub(super) maturity_at: Option<Boundary>,
    /// True if the knowledge has changed since it was written.
    pub(super) changed: bool,
}

/// The panes of one slice.
#[derive(Default)]
pub(super) struct QualityPanes {
    pub(super) by_prediction: RollupRing<Quality>,
    pub(super) by_label: RollupRing<Quality>,
}

/// Usual delay and coverage of labels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Maturity {
    /// Minutes within which nine tenths of the labels come.
    pub(super) delay_minutes: i64,
    /// Share of predictions that ever get a label, 0..1.
    pub(super) coverage: f64,
}

impl QualityPanes {
    pub(super) fn both(&mut self) -> [(WindowTime, &mut RollupRing<Quality>); 2] {
        [
            (WindowTime::Prediction, &mut self.by_prediction),
            (WindowTime::Label, &mut self.by_label),
        ]
    }

    pub(super) fn get(&self, by: WindowTime) -> &RollupRing<Quality> {
        match by {
            WindowTime::Prediction => &self.by_prediction,
            WindowTime::Label => &self.by_label,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_prediction.is_empty() && self.by_label.is_empty()
    }
}

impl ModelQuality {
    /// Restores the persisted knowledge.
    pub fn restore_knowledge(&mut self, knowledge: QualityKnowledge) {
        self.knowledge = knowledge;
    }

    /// Restores a persisted pane.
    pub fn restore_pane(&mut self, slice: Slice, pane: QualityPane, quality: Quality) {
        let panes = self.panes.entry(slice).or_default();
        let ring = match pane.by {
            WindowTime::Prediction => &mut panes.by_prediction,
            WindowTime::Label => &mut panes.by_label,
        };
        ring.insert((pane.resolution, pane.start), quality);
    }

    /// Counts what became known in the minute before `now` of predictions in the quarter of an hour that starts at
    /// `predicted`.
    pub fn add(
        &mut self,
        slice: Slice,
        predicted: Boundary,
        now: Boundary,
        known: &Quality,
        plan: &Plan,
    ) {
        self.note_positive(known);
        let panes = self.panes.entry(slice).or_default();
        let kept = retention(plan);
        panes.by_prediction.add(predicted, known, now, kept);
        panes.by_label.add(now.plus_minutes(-1), known, now, kept);
    }

    /// Remembers the likeliest of the usual names of a positive class that has occurred.
    fn note_positive(&mut self, known: &Quality) {
        let rank = |class: &str| POSITIVE_CLASSES.iter().position(|usual| *usual == class);
        let own = self.knowledge.positive.as_deref().and_then(rank);
        let mut better = POSITIVE_CLASSES
            .iter()
            .take(own.unwrap_or(POSITIVE_CLASSES.len()));
        if let Some(class) = better.find(|class| known.table.has_class(class)) {
            self.knowledge.positive = Some((*class).to_owned());
            self.changed = true;
        }
    }

    /// The positive class: the configured one, or else a usual one that has occurred.
    #[must_use]
    pub fn positive<'a>(&'a self, model: &str, plan: &'a Plan) -> Option<&'a str> {
        let configured = plan.quality.positive.get(model);
        configured
            .or(self.knowledge.positive.as_ref())
            .map(String::as_str)
    }

    /// Keeps a drift until the labels of its window are there. Returns how many older ones are dropped for it.
    pub fn expect(&mut self, drift: Option<DriftToAssess>) -> u64 {
        let drifts = &mut self.knowledge.drifts;
        drifts.extend(drift);
        let dropped = drifts.len().saturating_sub(DRIFTS_MAX);
        drifts.drain(..dropped);
        self.changed = true;
        dropped as u64
    }

    /// Notes that the open drift alert with this key has ended.
    pub fn end_drift(&mut self, key: AlertKey, at: Boundary) {
        let open = self.knowledge.drifts.iter_mut();
        for drift in open.filter(|drift| drift.key == key && drift.ended.is_none()) {
            drift.ended = Some(at);
            self.changed = true;
        }
    }

    /// Counts of all versions in `span`, of one segment or of the whole.
    pub(super) fn merged(&self, by: WindowTime, segment: Option<&Segment>, span: Span) -> Quality {
        let mut quality = Quality::default();
        for (slice, panes) in &self.panes {
            if slice.segment.as_ref() == segment {
                quality.merge(&panes.get(by).merged(span));
            }
        }
        quality
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Area, Severity};
    use crate::detect::Family;

    #[test]
    fn the_oldest_drift_is_dropped_when_too_many_wait() {
        let mut quality = ModelQuality::default();
        let key = AlertKey {
            family: Family::Drift,
            area: Some(Area::Features),
            wave: 1,
        };
        let drift = |start| DriftToAssess {
            key,
            version: "1".into(),
            segment: None,
            start: Boundary(start),
            ended: None,
            severity: Severity::Warning,
            window: Span {
                start: Boundary(start),
                end: Boundary(start + 60),
            },
        };
        for n in 0..DRIFTS_MAX as i64 {
            assert_eq!(quality.expect(Some(drift(n))), 0);
        }
        assert_eq!(quality.expect(None), 0);
        assert_eq!(quality.expect(Some(drift(1_000))), 1);
        let first = quality.knowledge.drifts.first();
        assert_eq!(first.map(|drift| drift.start), Some(Boundary(1)));
    }
}

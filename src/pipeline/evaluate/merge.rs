//! Merges frames into open panes and pending quality.

use super::Evaluate;
use super::name_limits::NameLimits;
use crate::alert::Integrity;
use crate::event::Tick;
use crate::pipeline::cursor::Admission;
use crate::pipeline::frame::{Frame, FrameLink, PanePartial, Summary};
use crate::pipeline::incident::DatedIncident;
use crate::pipeline::stage::StageError;

impl Evaluate {
    /// Merges a frame, or drops it if it was merged before.
    pub(super) fn merge(&mut self, mut frame: Frame<Summary>) -> Result<(), StageError> {
        let replaying = self.intake.is_replaying();
        if self.intake.admit(&frame)? == Admission::Duplicate {
            if !replaying {
                self.note_duplicate(&frame);
            }
            return Ok(());
        }
        for payload in std::mem::take(&mut frame.payloads) {
            match payload {
                Summary::Pane(piece) => {
                    self.observations.late_for_stage += self.merge_partial(piece, replaying);
                }
                // In a replay, what became of the order is in the state already.
                Summary::Control(_) if replaying => {}
                Summary::Control(order) => self.take_order(*order),
                Summary::Quality(partial) => {
                    let came_in_time = self.pending_quality.merge(*partial);
                    self.pending_quality
                        .keep_within(NameLimits::of(&self.plan), &self.models);
                    self.observations.late_quality += u64::from(!came_in_time && !replaying);
                }
            }
        }
        if !replaying {
            self.note_loss(&frame);
        }
        self.intake.pass(&frame);
        if !replaying {
            self.date_orders();
        }
        Ok(())
    }

    /// Merges one partial into its open pane. Returns its predictions if the pane was already closed.
    fn merge_partial(&mut self, piece: PanePartial, replaying: bool) -> u64 {
        if self.closed.is_some_and(|closed| piece.start < closed) {
            // In a replay the pane was closed before the restart. Otherwise the source is a partition that was added after
            // the clock had passed. Segments are not counted, because the whole contains their predictions.
            return if replaying || piece.scope.segment.is_some() {
                0
            } else {
                piece.partial.predictions
            };
        }
        self.open.merge(piece);
        self.open
            .keep_within(NameLimits::of(&self.plan), &self.models);
        0
    }

    /// Reports a loss that an operator accepted and that the source itself cannot report: the operator did not know how far
    /// the source was read, but its last frame says so. Only one partition reports it.
    fn note_loss(&mut self, frame: &Frame<Summary>) {
        let FrameLink::Lost { from, to } = frame.link else {
            return;
        };
        if frame.more || !self.reports_global_events || from != FrameLink::UNKNOWN {
            return;
        }
        if let Some(from) = self.intake.end_of(&frame.source).filter(|end| *end != to) {
            self.note(frame, Integrity::Lost { from, to });
        }
    }

    fn note_duplicate(&mut self, frame: &Frame<Summary>) {
        self.observations.duplicate_frames += 1;
        self.note(frame, Integrity::DuplicateFrame { seq: frame.seq });
    }

    /// Keeps an incident for the next flush, with the watermark of the source before the frame, or else the clock.
    fn note(&mut self, frame: &Frame<Summary>, what: Integrity) {
        let source = &frame.source;
        let before = self.intake.watermark_of(source);
        let at = before.or(frame.watermark).or_else(|| self.clock());
        self.incidents
            .push((source.clone(), DatedIncident { at, what }));
    }

    /// Publishes the incidents since the last flush. `now` is the wall clock.
    pub(super) fn publish_incidents(&mut self, now: Tick) {
        for (source, incident) in std::mem::take(&mut self.incidents) {
            let alert = incident.alert(&source, &self.plan.alert, now);
            self.outbox.alert(&alert, &self.plan.alert);
        }
    }
}

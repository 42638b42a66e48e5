//! Merges frames into open panes and pending quality.

use super::Evaluate;
use crate::alert::Integrity;
use crate::event::EventTime;
use crate::pipeline::cursor::Admission;
use crate::pipeline::frame::{Frame, FrameLink, PanePartial, Summary};
use crate::pipeline::output::Output;
use crate::pipeline::stage::StageError;
use crate::sketch::Monoid;

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
                Summary::Quality(partial) => {
                    let came_in_time = self.pending_quality.merge(*partial);
                    self.observations.late_quality += u64::from(!came_in_time && !replaying);
                }
            }
        }
        let read_to = self.intake.end_of(&frame.source);
        self.intake.pass(&frame);
        if !replaying {
            self.note_loss(&frame, read_to);
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
        let scopes = self.open.entry(piece.start).or_default();
        scopes.entry(piece.scope).or_default().merge(&piece.partial);
        0
    }

    /// Reports a loss that an operator accepted. Only one partition reports it. The loss begins at the last frame of the
    /// source, whatever its committed offset was.
    fn note_loss(&mut self, frame: &Frame<Summary>, read_to: Option<i64>) {
        if let FrameLink::Lost { from, to } = frame.link
            && !frame.more
            && self.reports_global_events
        {
            let lost = Integrity::Lost {
                from: read_to.unwrap_or(from),
                to,
            };
            self.publish_integrity(frame, lost);
        }
    }

    fn note_duplicate(&mut self, frame: &Frame<Summary>) {
        self.observations.duplicate_frames += 1;
        self.publish_integrity(frame, Integrity::DuplicateFrame { seq: frame.seq });
    }

    fn publish_integrity(&mut self, frame: &Frame<Summary>, what: Integrity) {
        let at = frame
            .watermark
            .or_else(|| self.clock())
            .unwrap_or(EventTime(0));
        self.outbox
            .publish(Output::integrity(&self.plan.alert, &frame.source, what, at));
    }
}

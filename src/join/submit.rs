//! Submission of an event to the join: it is buffered by its minute or refused.

use std::sync::Arc;

use super::buffer::{BufferedItem, unpack};
use super::flush_texts::FlushTexts;
use super::outcomes::{Labelled, Outcomes, Predicted};
use super::state::Join;
use super::work::suppressed;
use crate::window::Boundary;

impl Join {
    /// Buffers the events of a flush until their minutes are closed. A prediction of a closed minute is dropped and
    /// counted. A label of a closed minute is kept for the next minute. Every index must be valid; decoding rejects
    /// others.
    pub fn submit(&mut self, outcomes: Outcomes) {
        let (batch, predicted, labelled) = unpack(outcomes);
        for event in predicted {
            self.submit_prediction(event, &batch);
        }
        for event in labelled {
            self.submit_label(event, &batch);
        }
    }

    fn submit_prediction(&mut self, event: Predicted, batch: &Arc<FlushTexts>) {
        let minute = Boundary::at_or_before(event.time);
        let item = BufferedItem {
            event,
            batch: Arc::clone(batch),
            content: batch.content_of(&event),
        };
        let is_late = self.closed.is_some_and(|closed| minute < closed);
        if let Some(rebuild) = self
            .rebuild
            .as_mut()
            .filter(|rebuild| minute < rebuild.until)
        {
            let is_forgotten = self.floor.is_some_and(|floor| minute < floor);
            if is_late
                || is_forgotten
                || rebuild.was_refused(&suppressed(&self.live.settings, &item))
            {
                return;
            }
        } else if is_late {
            return self.live.refuse_late(&item);
        }
        self.buffer.predict(minute, item);
    }

    fn submit_label(&mut self, event: Labelled, batch: &Arc<FlushTexts>) {
        let minute = Boundary::at_or_before(event.arrival);
        let content = batch.content_of_label(&event);
        let mut now = self.closed.map_or(minute, |closed| closed.max(minute));
        if let Some(rebuild) = self
            .rebuild
            .as_mut()
            .filter(|rebuild| minute < rebuild.until)
        {
            let lead = self.live.settings.lead_minutes;
            let needed = self.floor.map(|floor| floor.plus_minutes(-lead));
            if needed.is_some_and(|needed| minute < needed) || rebuild.is_held_back(content) {
                return;
            }
            now = now.min(rebuild.until.plus_minutes(-1));
        }
        self.live.counts.labels_late += u64::from(now != minute);
        let item = BufferedItem {
            event,
            batch: Arc::clone(batch),
            content,
        };
        self.buffer.label(now, item);
    }
}

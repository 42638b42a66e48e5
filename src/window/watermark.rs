//! Watermark of a source: event time up to which the source is believed complete.

use serde::{Deserialize, Serialize};

use crate::event::{ArrivalTime, EventTime, Tick};

/// Clock of one source. Its watermark is the largest min(event time, arrival) seen, less the tolerated disorder. It
/// never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceClock {
    watermark: Option<EventTime>,
}

/// Lateness of an event against the watermark of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// Event time is at or after the watermark.
    InTime,
    /// Event time is before the watermark. The event is dropped and counted.
    Late,
}

impl SourceClock {
    /// Creates a clock with the given watermark.
    #[must_use]
    pub fn at(watermark: Option<EventTime>) -> Self {
        Self { watermark }
    }

    /// Event time up to which the source is believed complete; `None` before its first event.
    #[must_use]
    pub fn watermark(self) -> Option<EventTime> {
        self.watermark
    }

    /// Lateness of an event at `time`. Call it before the event advances the clock.
    #[must_use]
    pub fn lateness(self, time: EventTime) -> Lateness {
        if self.watermark.is_some_and(|w| time < w) {
            Lateness::Late
        } else {
            Lateness::InTime
        }
    }

    /// Advances the clock by one event. Arrival limits event time, so a producer's fast clock cannot move the watermark
    /// beyond what the broker has seen.
    pub fn observe(&mut self, time: EventTime, arrival: Option<ArrivalTime>, disorder_millis: i64) {
        let seen = arrival.map_or(time, |a| time.min(EventTime(a.0)));
        self.advance(seen.plus_millis(-disorder_millis));
    }

    /// Advances the clock by the wall clock. For a source that has been read to its end and is quiet.
    pub fn idle(&mut self, now: Tick, idle_timeout_millis: i64, disorder_millis: i64) {
        self.advance(
            EventTime(now.0)
                .plus_millis(-idle_timeout_millis)
                .plus_millis(-disorder_millis),
        );
    }

    fn advance(&mut self, to: EventTime) {
        self.watermark = self.watermark.max(Some(to));
    }
}

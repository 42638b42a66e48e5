//! Watermarks: up to which event time a source is believed complete.

use serde::{Deserialize, Serialize};

use crate::event::{ArrivalTime, EventTime, Tick};

/// The clock of one source: the largest min(event time, arrival) seen, less the tolerated disorder; it never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceClock {
    watermark: Option<EventTime>,
}

/// Whether an event may still be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// At or past the watermark.
    InTime,
    /// Older than its own source's watermark: dropped and counted.
    Late,
}

impl SourceClock {
    /// A clock that stands at `watermark`.
    #[must_use]
    pub fn at(watermark: Option<EventTime>) -> Self {
        Self { watermark }
    }

    /// Up to where the source is believed complete; `None` before it was ever heard.
    #[must_use]
    pub fn watermark(self) -> Option<EventTime> {
        self.watermark
    }

    /// Whether an event of `time` is late, judged before it moves the clock.
    #[must_use]
    pub fn lateness(self, time: EventTime) -> Lateness {
        if self.watermark.is_some_and(|w| time < w) {
            Lateness::Late
        } else {
            Lateness::InTime
        }
    }

    /// Hears an event. Arrival bounds it: a clock that runs ahead moves nothing beyond what the broker saw.
    pub fn observe(&mut self, time: EventTime, arrival: Option<ArrivalTime>, disorder_millis: i64) {
        let seen = arrival.map_or(time, |a| time.min(EventTime(a.0)));
        self.advance(seen.plus_millis(-disorder_millis));
    }

    /// Follows the wall clock while the source is at its end and quiet.
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

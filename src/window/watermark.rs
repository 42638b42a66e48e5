//! Watermark of a source: event time up to which the source is believed complete.

use serde::{Deserialize, Serialize};

use crate::event::{ArrivalTime, EventTime, Tick};

/// Clock of one source. Its watermark is the largest min(event time, arrival, wall clock) seen, less the tolerated
/// disorder. It never goes back.
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

    /// Advances the clock by one event. Arrival and the `latest` time that it can be now limit the event time. So a
    /// producer's fast clock cannot move the watermark beyond what the broker has seen, and, where the producer stamps the
    /// arrival as well, not beyond our own clock: the right events that follow would be late.
    ///
    /// For an event of the past `latest` changes nothing, so history that is read again gives the same watermarks.
    pub fn observe(
        &mut self,
        time: EventTime,
        arrival: Option<ArrivalTime>,
        latest: Tick,
        disorder_millis: i64,
    ) {
        let arrived = arrival.map_or(time, |arrival| EventTime(arrival.0));
        let seen = time.min(arrived).min(EventTime(latest.0));
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

#[cfg(test)]
mod tests {
    use super::*;

    const DISORDER: i64 = 100;

    fn clock(events: &[(i64, Option<i64>)], latest: i64) -> SourceClock {
        let mut clock = SourceClock::default();
        for (time, arrival) in events {
            let arrival = arrival.map(ArrivalTime);
            clock.observe(EventTime(*time), arrival, Tick(latest), DISORDER);
        }
        clock
    }

    #[test]
    fn the_smallest_of_event_arrival_and_wall_clock_moves_the_watermark() {
        for (event, latest, expected) in [
            ((1_000, Some(2_000)), 3_000, 900),
            ((2_000, Some(1_000)), 3_000, 900),
            ((2_000, Some(3_000)), 1_000, 900),
            ((2_000, None), 1_000, 900),
        ] {
            let watermark = clock(&[event], latest).watermark();
            assert_eq!(watermark, Some(EventTime(expected)), "{event:?} {latest}");
        }
    }

    #[test]
    fn an_event_that_is_stamped_ahead_makes_no_right_event_late() {
        let ahead = clock(&[(1_000, Some(1_000)), (9_000, Some(9_000))], 1_010);
        assert_eq!(ahead.lateness(EventTime(1_011)), Lateness::InTime);
        let history = clock(&[(1_000, Some(1_000)), (9_000, Some(9_000))], 10_000);
        assert_eq!(history.watermark(), Some(EventTime(8_900)));
    }

    #[test]
    fn a_wall_clock_that_goes_back_moves_no_watermark_back() {
        let mut clock = clock(&[(1_000, Some(1_000))], 1_000);
        clock.observe(EventTime(2_000), None, Tick(500), DISORDER);
        assert_eq!(clock.watermark(), Some(EventTime(900)));
    }
}

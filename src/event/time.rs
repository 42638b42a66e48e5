//! The three times that must never be confused, each with its own type; all in milliseconds since the Unix epoch.

use serde::{Deserialize, Serialize};

use super::{Limits, Prediction, Record, Reject};

/// When it happened at the model: the producer's word, milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventTime(pub i64);

/// When the record was stored: Kafka's record timestamp, milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArrivalTime(pub i64);

/// A reading of the wall clock, handed in by the runtime; milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tick(pub i64);

impl EventTime {
    /// The instant `millis` later (earlier when negative), held at the ends of the range.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// When `prediction` happened: its own timestamp, else the arrival of its `record`.
///
/// A timestamp of its own is held against the arrival: one producer with a wrong clock must neither close every window
/// ahead of time nor be counted into the year 1970. A record without an arrival cannot vouch for anything, and the
/// producer's word is taken.
///
/// # Errors
/// `NoTimestamp`, `TimestampInFuture` (more than `limits.future_millis_max` ahead of arrival) or `TimestampTooOld`
/// (more than `limits.age_millis_max` behind it).
pub fn event_time(
    prediction: &Prediction<'_>,
    record: &Record<'_>,
    limits: &Limits,
) -> Result<EventTime, Reject> {
    let (event, arrival) = match (prediction.timestamp, record.arrival) {
        (Some(event), Some(arrival)) => (event, arrival),
        (Some(event), None) => return Ok(event),
        (None, Some(arrival)) => return Ok(EventTime(arrival.0)),
        (None, None) => return Err(Reject::NoTimestamp),
    };
    let ahead_millis = event.0.saturating_sub(arrival.0);
    if ahead_millis > limits.future_millis_max {
        Err(Reject::TimestampInFuture)
    } else if ahead_millis < -limits.age_millis_max {
        Err(Reject::TimestampTooOld)
    } else {
        Ok(event)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn judged(event: Option<i64>, arrival: Option<i64>) -> Result<EventTime, Reject> {
        let prediction = Prediction {
            timestamp: event.map(EventTime),
            ..Prediction::default()
        };
        let record = Record {
            payload: None,
            arrival: arrival.map(ArrivalTime),
            traceparent: None,
            headers_readable: true,
        };
        let limits = Limits {
            future_millis_max: 300,
            age_millis_max: 5_000,
            ..Limits::default()
        };
        event_time(&prediction, &record, &limits)
    }

    #[test]
    fn an_event_is_taken_up_to_and_including_both_bounds() {
        for (event, verdict) in [
            (10_301, Err(Reject::TimestampInFuture)),
            (10_300, Ok(EventTime(10_300))),
            (10_000, Ok(EventTime(10_000))),
            (5_000, Ok(EventTime(5_000))),
            (4_999, Err(Reject::TimestampTooOld)),
            (i64::MAX, Err(Reject::TimestampInFuture)),
            (i64::MIN, Err(Reject::TimestampTooOld)),
        ] {
            assert_eq!(judged(Some(event), Some(10_000)), verdict, "{event}");
        }
    }

    #[test]
    fn arrival_stands_in_for_a_missing_timestamp_and_nothing_stands_in_for_both() {
        assert_eq!(judged(None, Some(7)), Ok(EventTime(7)));
        assert_eq!(judged(Some(8), None), Ok(EventTime(8)));
        assert_eq!(judged(None, None), Err(Reject::NoTimestamp));
    }
}

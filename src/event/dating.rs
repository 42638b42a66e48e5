//! Times of a prediction or a label: its own timestamp, checked against the arrival time of its record.

use super::{EventTime, Label, Limits, Prediction, Record, Reject, Tick};

/// How far a time may be ahead of our own clock, in milliseconds, even if its record was stored with that time: 2 hours.
/// What is ahead waits in memory until its time has come, and a catch-up keeps no more than two hours of event time open
/// either. Our own clock may be the wrong one, so this is far more than `limits.future`.
const AHEAD_OF_US_MILLIS_MAX: i64 = 120 * 60_000;

/// Event time of `prediction`: its own timestamp, or the arrival time of its `record`.
///
/// The prediction's own timestamp is checked against the arrival time. A producer with a wrong clock must not close
/// every window ahead of time, and its events must not count in the year 1970. If the record has no arrival time, there
/// is nothing to check against, and the producer's timestamp is accepted.
///
/// Under `CreateTime` the producer stamps the arrival as well. So nothing is accepted hours ahead of `latest`, the latest
/// time that it can be now.
///
/// # Errors
/// `NoTimestamp`, `TimestampInFuture` (more than `limits.future_millis_max` ahead of arrival, or two hours ahead of
/// `latest`) or `TimestampTooOld` (more than `limits.age_millis_max` behind arrival).
pub fn event_time(
    prediction: &Prediction<'_>,
    record: &Record<'_>,
    latest: Tick,
    limits: &Limits,
) -> Result<EventTime, Reject> {
    let time = stamped(prediction.timestamp, record, limits)?;
    not_far_ahead(time, latest, limits)
}

/// Times of a label: when it was made, and when its record was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelTimes {
    /// Timestamp of the label, or its arrival if it has none. It only decides which of two corrections wins.
    pub made: EventTime,
    /// Arrival time of the record, or the label's own timestamp if the record has none. The time at which the label
    /// became known is derived from it.
    pub arrival: EventTime,
}

/// Times of `label`. Its timestamp is checked against the arrival time as in [`event_time`], and its arrival against
/// `latest`, the latest time that it can be now.
///
/// # Errors
/// `NoTimestamp`, `TimestampInFuture` or `TimestampTooOld`, as in [`event_time`].
pub fn label_times(
    label: &Label<'_>,
    record: &Record<'_>,
    latest: Tick,
    limits: &Limits,
) -> Result<LabelTimes, Reject> {
    let made = stamped(label.timestamp, record, limits)?;
    let arrival = record.arrival.map_or(made, |arrival| EventTime(arrival.0));
    let arrival = not_far_ahead(arrival, latest, limits)?;
    Ok(LabelTimes { made, arrival })
}

/// Returns `time` unless it is hours ahead of `latest`. A larger `limits.future` is respected: somebody sends future
/// timestamps on purpose.
fn not_far_ahead(time: EventTime, latest: Tick, limits: &Limits) -> Result<EventTime, Reject> {
    let ahead_millis_max = AHEAD_OF_US_MILLIS_MAX.max(limits.future_millis_max);
    if time > EventTime(latest.0).plus_millis(ahead_millis_max) {
        return Err(Reject::TimestampInFuture);
    }
    Ok(time)
}

/// Returns `timestamp` if it is within the limits around the record's arrival, or the arrival if there is none.
fn stamped(
    timestamp: Option<EventTime>,
    record: &Record<'_>,
    limits: &Limits,
) -> Result<EventTime, Reject> {
    let (event, arrival) = match (timestamp, record.arrival) {
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
    use crate::event::ArrivalTime;

    const LATEST: Tick = Tick(20_000);

    fn record(arrival: Option<i64>) -> Record<'static> {
        Record {
            payload: None,
            arrival: arrival.map(ArrivalTime),
            traceparent: None,
            headers_readable: true,
        }
    }

    fn limits() -> Limits {
        Limits {
            future_millis_max: 300,
            age_millis_max: 5_000,
            ..Limits::default()
        }
    }

    fn judged(event: Option<i64>, arrival: Option<i64>) -> Result<EventTime, Reject> {
        let prediction = Prediction {
            timestamp: event.map(EventTime),
            ..Prediction::default()
        };
        event_time(&prediction, &record(arrival), LATEST, &limits())
    }

    /// Returns `made` and `arrival` of a label.
    fn times(made: Option<i64>, arrival: Option<i64>) -> Result<(i64, i64), Reject> {
        let label = Label {
            timestamp: made.map(EventTime),
            ..Label::default()
        };
        let times = label_times(&label, &record(arrival), LATEST, &limits())?;
        Ok((times.made.0, times.arrival.0))
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

    /// As under `CreateTime`: the producer's clock is the arrival, too.
    #[test]
    fn what_is_hours_ahead_of_our_own_clock_is_refused() {
        let farthest = LATEST.0 + AHEAD_OF_US_MILLIS_MAX;
        for arrival in [None, Some(farthest)] {
            let verdict = judged(Some(farthest), arrival);
            assert_eq!(verdict, Ok(EventTime(farthest)));
        }
        for arrival in [None, Some(farthest + 1)] {
            let verdict = judged(Some(farthest + 1), arrival);
            assert_eq!(verdict, Err(Reject::TimestampInFuture));
        }
        assert_eq!(times(None, Some(farthest)), Ok((farthest, farthest)));
        let label = times(None, Some(farthest + 1));
        assert_eq!(label, Err(Reject::TimestampInFuture));
        let on_purpose = Limits {
            future_millis_max: 2 * AHEAD_OF_US_MILLIS_MAX,
            ..limits()
        };
        let time = EventTime(farthest + 1);
        assert_eq!(not_far_ahead(time, LATEST, &on_purpose), Ok(time));
    }

    #[test]
    fn arrival_stands_in_for_a_missing_timestamp_and_nothing_stands_in_for_both() {
        assert_eq!(judged(None, Some(7)), Ok(EventTime(7)));
        assert_eq!(judged(Some(8), None), Ok(EventTime(8)));
        assert_eq!(judged(None, None), Err(Reject::NoTimestamp));
    }

    #[test]
    fn a_label_has_two_times_and_each_stands_in_for_the_other() {
        assert_eq!(times(Some(9_000), Some(10_000)), Ok((9_000, 10_000)));
        assert_eq!(times(Some(10_300), Some(10_000)), Ok((10_300, 10_000)));
        assert_eq!(times(Some(5_000), Some(10_000)), Ok((5_000, 10_000)));
        assert_eq!(times(None, Some(7)), Ok((7, 7)));
        assert_eq!(times(Some(8), None), Ok((8, 8)));
        assert_eq!(times(None, None), Err(Reject::NoTimestamp));
    }

    #[test]
    fn a_label_made_too_far_from_its_arrival_is_refused() {
        let future = times(Some(10_301), Some(10_000));
        assert_eq!(future, Err(Reject::TimestampInFuture));
        let old = times(Some(4_999), Some(10_000));
        assert_eq!(old, Err(Reject::TimestampTooOld));
    }
}

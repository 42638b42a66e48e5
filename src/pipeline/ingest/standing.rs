//! Standing: tells a source whose predictions all carry one time from a busy one that rounds its times.
//!
//! A thousand predictions within one second prove nothing: with stamps of whole seconds, a busy partition has more of them than that.
//! So the arrivals must go on for minutes in which the event times do not.

use crate::event::ArrivalTime;

/// Predictions without a later event time that are needed. Disorder makes runs of some hundred.
const REPEATS_MIN: u64 = 1_000;
/// Time over which they must have arrived, in milliseconds: 5 minutes, more than stamps are usually rounded to.
const STANDING_MILLIS_MIN: i64 = 5 * 60_000;

/// Predictions since the watermark of a source last moved.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StandingTime {
    predictions: u64,
    /// First and latest arrival among them.
    arrived: Option<(ArrivalTime, ArrivalTime)>,
}

impl StandingTime {
    /// Notes a prediction that arrived at `arrival`, and whether it moved the watermark.
    pub(super) fn note(&mut self, arrival: ArrivalTime, moved: bool) {
        if moved {
            *self = Self::default();
        } else {
            self.predictions += 1;
        }
        let (first, last) = self.arrived.unwrap_or((arrival, arrival));
        self.arrived = Some((first, last.max(arrival)));
    }

    /// True if predictions go on to come, but time does not.
    pub(super) fn is_lasting(self) -> bool {
        let arrived = self
            .arrived
            .is_some_and(|(first, last)| last.0.saturating_sub(first.0) >= STANDING_MILLIS_MIN);
        arrived && self.predictions >= REPEATS_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether time stands after this many predictions on one time, which arrive at this distance.
    fn stands(predictions: i64, apart_millis: i64) -> bool {
        let mut standing = StandingTime::default();
        for nth in 0..=predictions {
            standing.note(ArrivalTime(nth * apart_millis), nth == 0);
        }
        standing.is_lasting()
    }

    #[test]
    fn a_busy_second_is_no_standing_time_and_five_minutes_are() {
        assert!(!stands(200_000, 0));
        assert!(!stands(59_999, 1), "a minute of a busy source");
        assert!(stands(60_000, 5));
        assert!(!stands(999, 1_000), "too few");
        assert!(stands(1_000, 1_000));
    }

    #[test]
    fn a_later_time_begins_anew() {
        let mut standing = StandingTime::default();
        (0..2_000).for_each(|nth| standing.note(ArrivalTime(nth * 1_000), false));
        assert!(standing.is_lasting());
        standing.note(ArrivalTime(2_000_000), true);
        (0..2_000).for_each(|nth| standing.note(ArrivalTime(2_000_000 + nth), false));
        assert!(!standing.is_lasting());
    }
}

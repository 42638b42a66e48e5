//! Receiver of the join's results: four kinds of calls, each with the two times it counts for.

use super::outcomes::Group;
use crate::event::EventTime;
use crate::sketch::{Answered, KnownTruth};

/// Times of a result: when the prediction was made, and when the result became known. For a prediction itself, both are
/// equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JoinTimes {
    /// Event time of the prediction.
    pub predicted_at: EventTime,
    /// Time at which the result became known. It is never before the prediction or before the start of the minute being
    /// closed.
    pub known_at: EventTime,
}

impl JoinTimes {
    /// Time from the prediction until the result became known, in milliseconds.
    #[must_use]
    pub fn delay_millis(self) -> i64 {
        self.known_at.0.saturating_sub(self.predicted_at.0)
    }
}

/// Receives the results of a closed minute. The order of calls within a minute has no meaning.
pub trait JoinSink {
    /// A prediction was accepted.
    fn predicted(&mut self, group: &Group, times: JoinTimes, answer: Answered<'_>);
    /// The truth of a prediction became known.
    fn judged(
        &mut self,
        group: &Group,
        times: JoinTimes,
        answer: Answered<'_>,
        truth: KnownTruth<'_>,
    );
    /// The truth of a prediction was corrected.
    fn corrected(
        &mut self,
        group: &Group,
        times: JoinTimes,
        answer: Answered<'_>,
        old: KnownTruth<'_>,
        new: KnownTruth<'_>,
    );
    /// A judge's score became known: the first with this name, or a replacement of `old`. Both scores are given as
    /// cells.
    fn evaluated(&mut self, group: &Group, times: JoinTimes, name: &str, old: Option<u8>, new: u8);
}

/// Ignores all results. Used for minutes that were reported before.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullSink;

impl JoinSink for NullSink {
    fn predicted(&mut self, _: &Group, _: JoinTimes, _: Answered<'_>) {}
    fn judged(&mut self, _: &Group, _: JoinTimes, _: Answered<'_>, _: KnownTruth<'_>) {}
    fn corrected(
        &mut self,
        _: &Group,
        _: JoinTimes,
        _: Answered<'_>,
        _: KnownTruth<'_>,
        _: KnownTruth<'_>,
    ) {
    }
    fn evaluated(&mut self, _: &Group, _: JoinTimes, _: &str, _: Option<u8>, _: u8) {}
}

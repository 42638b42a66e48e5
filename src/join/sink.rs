//! To whom the join tells what it found: four words, each with the pair of times it counts for.

use super::outcomes::Group;
use crate::event::EventTime;
use crate::sketch::{Answered, KnownTruth};

/// When it was predicted, and when what is told of it became known; the same for a prediction itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JoinTimes {
    /// Event time of the prediction.
    pub predicted_at: EventTime,
    /// When it became known: never before the prediction, nor before the minute that is being closed.
    pub known_at: EventTime,
}

impl JoinTimes {
    /// Milliseconds from the prediction until it became known.
    #[must_use]
    pub fn delay_millis(self) -> i64 {
        self.known_at.0.saturating_sub(self.predicted_at.0)
    }
}

/// What becomes of a closed minute. The order of calls within a minute means nothing.
pub trait JoinSink {
    /// A prediction was taken in.
    fn predicted(&mut self, of: &Group, pair: JoinTimes, answer: Answered<'_>);
    /// Its truth became known.
    fn judged(&mut self, of: &Group, pair: JoinTimes, answer: Answered<'_>, truth: KnownTruth<'_>);
    /// Its truth turned out to be another.
    fn corrected(
        &mut self,
        of: &Group,
        pair: JoinTimes,
        answer: Answered<'_>,
        old: KnownTruth<'_>,
        new: KnownTruth<'_>,
    );
    /// A judge gave the answer a score, the first of this name or instead of an `old` one; both are cells.
    fn evaluated(&mut self, of: &Group, pair: JoinTimes, name: &str, old: Option<u8>, new: u8);
}

/// Hears nothing: for minutes that were told before.
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

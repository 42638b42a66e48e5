//! Clocks: which source holds one, and why it cannot go on.
//!
//! A clock is the smallest watermark of its sources, so exactly one source holds it. What that source waits for is known
//! only where the source is read.

use super::cursor::Cursors;
use super::frame::SourceId;
use crate::event::{EventTime, Tick};

/// The source with the smallest watermark, as a stage knows it from frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowestSource {
    /// The source.
    pub source: SourceId,
    /// Its watermark; `None` if it was never read.
    pub watermark: Option<EventTime>,
}

/// The source that holds the clock of `cursors`: the one with the smallest watermark, or one that was never read. Of several
/// it is one that `prefers` chooses, if there is one. `counts` and `due` are those of [`Cursors::clock`].
#[must_use]
pub fn slowest<'a>(
    cursors: &Cursors,
    counts: impl Fn(&str) -> bool,
    due: impl IntoIterator<Item = &'a String>,
    prefers: impl Fn(&SourceId) -> bool,
) -> Option<SlowestSource> {
    let known = |topic: &String| cursors.topics().any(|(known, _)| known == topic);
    if let Some(topic) = due.into_iter().find(|topic| !known(topic)) {
        return Some(SlowestSource {
            source: source(topic, 0),
            watermark: None,
        });
    }
    let topics = cursors.topics().filter(|(topic, _)| counts(topic));
    let sources = topics.flat_map(|(topic, size)| (0..size.now).map(|n| source(topic, n)));
    let sources: Vec<SourceId> = sources.collect();
    let watermark = sources.iter().map(|at| cursors.watermark_of(at)).min()?;
    let mut slowest = sources
        .into_iter()
        .filter(|at| cursors.watermark_of(at) == watermark);
    let first = slowest.next()?;
    let source = match prefers(&first) {
        true => first,
        false => slowest.find(|at| prefers(at)).unwrap_or(first),
    };
    Some(SlowestSource { source, watermark })
}

fn source(topic: &str, partition: i32) -> SourceId {
    SourceId {
        topic: topic.to_owned(),
        partition,
    }
}

/// Why a source holds a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HoldReason {
    /// Nothing was read from it, and nothing is known of its log.
    Unread,
    /// It has records that are not read yet.
    Behind,
    /// It is paused, because another source is further behind.
    Paused,
    /// It is read up to a transaction that is open.
    OpenTransaction,
    /// Its predictions come, but all carry one event time.
    SameTime,
    /// It is read to its end, and is not quiet long enough to follow the wall clock.
    AtEnd,
    /// It follows the wall clock.
    Idle,
    /// It is read to its end, and no source may follow the wall clock.
    TicksOff,
    /// It was read further, and that is on its way through the stages.
    InTransit,
    /// It is a join that reads its topic again.
    Rebuilding,
    /// It belongs to a topic that is neither read nor retired.
    NotConfigured,
    /// Another process reads it.
    Elsewhere,
}

impl HoldReason {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::Unread,
        Self::Behind,
        Self::Paused,
        Self::OpenTransaction,
        Self::SameTime,
        Self::AtEnd,
        Self::Idle,
        Self::TicksOff,
        Self::InTransit,
        Self::Rebuilding,
        Self::NotConfigured,
        Self::Elsewhere,
    ];

    /// The value of the label `reason` in metrics, and of `reason` on the status page.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Behind => "behind",
            Self::Paused => "paused",
            Self::OpenTransaction => "open_transaction",
            Self::SameTime => "same_time",
            Self::AtEnd => "at_end",
            Self::Idle => "idle",
            Self::TicksOff => "ticks_off",
            Self::InTransit => "in_transit",
            Self::Rebuilding => "rebuilding",
            Self::NotConfigured => "not_configured",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// The reason and what would help, for a log line and the status page.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Unread => {
                "nothing was read from it yet: if that lasts, check that the partition has a leader"
            }
            Self::Behind => {
                "it has records that are not read yet: if the time does not move, check that the partition has a leader, and see \
                 tidegauge_commit_seconds"
            }
            Self::Paused => {
                "it is paused, because another input partition is more than two hours behind it: `sources` on the status page shows which"
            }
            Self::OpenTransaction => {
                "a transaction of a producer is open on it, and its records may be older than the clock: end the transaction, or wait \
                 until it times out"
            }
            Self::SameTime => {
                "its predictions come, but their event times do not move: check what the producer writes into the field timestamp; it \
                 must be the time of the prediction"
            }
            Self::AtEnd => {
                "it is read to its end, and follows the wall clock once it was silent for time.idle_timeout, or within seconds if its \
                 last record is an hour old: a further record or a shorter time.idle_timeout helps"
            }
            Self::Idle => {
                "it is silent and follows the wall clock, behind it by time.idle_timeout and time.disorder: a shorter \
                 time.idle_timeout brings alerts sooner"
            }
            Self::TicksOff => {
                "it is read to its end, and with time.ticks: false that is the end of time: send it a later record, or set \
                 time.ticks: true"
            }
            Self::InTransit => {
                "it was read further, and that is on its way through the stages: if the time does not move, see \
                 tidegauge_commit_seconds and the use of the processor"
            }
            Self::Rebuilding => {
                "it is a join that reads the outcomes topic again after a restart: /readyz shows how far it is"
            }
            Self::NotConfigured => {
                "its topic was read once and is no longer configured: add it to topics.retired"
            }
            Self::Elsewhere => {
                "another process reads it: the log and /status of that process say why"
            }
        }
    }
}

/// A clock, and the source that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockHolder {
    /// The clock; `None` while a source was never read.
    pub time: Option<EventTime>,
    /// The source.
    pub source: SourceId,
    /// Why it cannot go on.
    pub reason: HoldReason,
    /// Wall clock since which the clock has not moved.
    pub since: Tick,
}

/// The clocks as one worker sees them, and what its sources wait for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClockReport {
    /// The clock of predictions; `None` if the worker evaluates nothing.
    pub predictions: Option<ClockHolder>,
    /// The clock of quality; `None` if the worker evaluates nothing, or no labels are read.
    pub quality: Option<ClockHolder>,
    /// Each input partition that the worker reads: what it would hold a clock for.
    pub sources: Vec<(SourceId, HoldReason)>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::pipeline::frame::{Frame, FrameLink};

    fn read(cursors: &mut Cursors, partition: i32, watermark: i64) {
        cursors.pass(&Frame {
            source: source("t", partition),
            incarnation: 1,
            seq: 1,
            link: FrameLink::First,
            start: 0,
            end: 1,
            watermark: Some(EventTime(watermark)),
            topic_partitions: 2,
            payloads: Vec::<()>::new(),
            piece: 0,
            more: false,
        });
    }

    #[test]
    fn the_slowest_source_is_the_one_that_holds_the_clock() {
        let mut cursors = Cursors::default();
        let held = |cursors: &Cursors, preferred: i32| {
            let found = slowest(cursors, |_| true, [], |at| at.partition == preferred);
            found.map(|slowest| (slowest.source.partition, slowest.watermark))
        };
        read(&mut cursors, 0, 5);
        assert_eq!(held(&cursors, 0), Some((1, None)), "1 was never read");
        read(&mut cursors, 1, 3);
        assert_eq!(held(&cursors, 0), Some((1, Some(EventTime(3)))));
        read(&mut cursors, 1, 5);
        for preferred in [0, 1] {
            let both = Some((preferred, Some(EventTime(5))));
            assert_eq!(held(&cursors, preferred), both, "both hold it");
        }
        let other = "other".to_owned();
        let due = slowest(&cursors, |_| true, [&other], |_| true).unwrap();
        assert_eq!((due.source.topic, due.watermark), (other, None));
        assert_eq!(slowest(&cursors, |_| false, [], |_| true), None);
    }
}

//! The end of a source's log as it was seen so far: how long it has not moved, and whether it was read to.
//!
//! Quietness is measured by the end of the log and not by what was read: a source that is read slowly, or not at all
//! because it is paused, is as quiet as its log.

use std::time::Duration;

use super::port::LogExtent;
use crate::event::Tick;
use crate::pipeline::ingest::EndSeen;

/// The end of a source's log, and what was found out about it.
#[derive(Debug, Clone, Copy)]
pub struct EndWatch {
    /// The extent at the last look.
    pub log: LogExtent,
    /// Stopwatch time of the look that first saw the end here.
    seen_at: Duration,
    /// How long it had not moved before, as an earlier process saw it.
    before: Duration,
    /// What the next process may know of it.
    known: EndSeen,
    /// True if a record has a timestamp of the last hour; `None` if the broker was not asked.
    pub has_recent: Option<bool>,
    /// The next offset of the source at the last read-ahead, and whether only control records followed.
    read_ahead: Option<(i64, bool)>,
}

impl EndWatch {
    /// The first look of this process. `earlier` is what the previous reader of the source saw.
    #[must_use]
    pub fn begin(log: LogExtent, earlier: Option<EndSeen>, now: Duration, wall: Tick) -> Self {
        let stood = earlier.filter(|earlier| earlier.offset == log.end);
        let since = stood.map_or(wall, |stood| stood.since.min(wall));
        let before = wall.0.saturating_sub(since.0).unsigned_abs();
        Self {
            log,
            seen_at: now,
            before: Duration::from_millis(before),
            known: EndSeen {
                offset: log.end,
                since,
                moved: stood.map_or(earlier.is_some(), |stood| stood.moved),
            },
            has_recent: None,
            read_ahead: None,
        }
    }

    /// A further look.
    pub fn see(&mut self, log: LogExtent, now: Duration, wall: Tick) {
        if log.end == self.log.end {
            self.log = log;
            return;
        }
        let moved = EndSeen {
            offset: log.end,
            since: wall,
            moved: true,
        };
        *self = Self {
            known: moved,
            ..Self::begin(log, None, now, wall)
        };
    }

    /// What the next process may know.
    #[must_use]
    pub fn known(&self) -> EndSeen {
        self.known
    }

    /// True if the end has moved since somebody first looked at it.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.known.moved
    }

    /// For how long the end has not moved, at least.
    #[must_use]
    pub fn quiet(&self, now: Duration) -> Duration {
        self.before + now.saturating_sub(self.seen_at)
    }

    /// Notes what a read-ahead from `next` found.
    pub fn note_read_ahead(&mut self, next: i64, only_markers: bool) {
        self.read_ahead = Some((next, only_markers));
    }

    /// What is known of the records from `next` on: `Some(true)` if there are none, `None` if a read-ahead must tell.
    #[must_use]
    pub fn is_drained(&self, next: i64) -> Option<bool> {
        if next >= self.log.end {
            return Some(true);
        }
        let (from, only_markers) = self.read_ahead?;
        (from == next).then_some(only_markers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: Tick = Tick(1_000_000);

    fn at(offset: i64) -> LogExtent {
        LogExtent {
            first: 0,
            end: offset,
            stable: offset,
        }
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn quietness_counts_from_the_look_that_saw_the_end_move() {
        let mut watch = EndWatch::begin(at(5), None, secs(10), WALL);
        watch.see(at(5), secs(20), WALL);
        assert_eq!(
            (watch.quiet(secs(30)), watch.has_moved()),
            (secs(20), false)
        );
        watch.see(at(6), secs(40), WALL);
        assert_eq!((watch.quiet(secs(45)), watch.has_moved()), (secs(5), true));
    }

    #[test]
    fn an_end_that_stood_during_a_restart_was_quiet_all_the_time() {
        let earlier = |offset, moved| {
            Some(EndSeen {
                offset,
                since: Tick(WALL.0 - 60_000),
                moved,
            })
        };
        let same = EndWatch::begin(at(5), earlier(5, false), secs(0), WALL);
        assert_eq!((same.quiet(secs(1)), same.has_moved()), (secs(61), false));
        let moved = EndWatch::begin(at(5), earlier(5, true), secs(0), WALL);
        assert!(moved.has_moved(), "it had moved before the restart");
        let grown = EndWatch::begin(at(6), earlier(5, false), secs(0), WALL);
        assert_eq!((grown.quiet(secs(1)), grown.has_moved()), (secs(1), true));
        let from_the_future = EndWatch::begin(at(5), earlier(5, false), secs(0), Tick(0));
        assert_eq!(from_the_future.quiet(secs(0)), secs(0));
    }

    #[test]
    fn a_read_ahead_tells_of_the_offset_that_it_began_at() {
        let mut watch = EndWatch::begin(at(9), None, secs(0), WALL);
        assert_eq!(watch.is_drained(9), Some(true));
        assert_eq!(watch.is_drained(8), None);
        watch.note_read_ahead(8, true);
        assert_eq!(
            (watch.is_drained(8), watch.is_drained(7)),
            (Some(true), None)
        );
        watch.see(at(10), secs(1), WALL);
        assert_eq!(watch.is_drained(8), None, "the end has moved");
    }
}

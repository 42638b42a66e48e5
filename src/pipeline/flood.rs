//! Detection of floods: so many records of a source are rejected, or late, that somebody should look.
//!
//! | flood | begins at | ends below |
//! |---|---|---|
//! | rejects | more than a fifth of the last thousand records, or a hundred in a row | a tenth |
//! | late predictions | more than a twentieth of the last thousand | a fortieth |
//!
//! A share counts of a thousand records even while fewer were read, so a handful never begins a flood. The source is not
//! paused, because that would blind every other model on it.

use std::collections::VecDeque;

use super::incident::DatedIncident;
use crate::alert::{Flood, FloodKind, Integrity};
use crate::event::EventTime;

/// Records in the sliding window.
const RECENT_MAX: usize = 1_000;

/// How many records make a flood.
struct FloodLimits {
    /// Records in the window that are no flood yet.
    tolerated: usize,
    /// The flood ends when fewer records are in the window.
    calm: usize,
    /// Records in a row that are a flood.
    in_a_row: usize,
}

/// A fifth: some producers send a share of foreign records all the time, and dead letters keep each of them.
const REJECTS: FloodLimits = FloodLimits {
    tolerated: 200,
    calm: 100,
    in_a_row: 100,
};
/// A twentieth: late predictions are kept nowhere, and windows that lack more than that are not what happened.
const LATE: FloodLimits = FloodLimits {
    tolerated: 50,
    calm: 25,
    in_a_row: RECENT_MAX, // the share says it before
};

/// Last records of one source, in a flood or not.
#[derive(Debug)]
pub struct FloodGauge {
    kind: FloodKind,
    recent: VecDeque<bool>,
    counted: usize,
    in_a_row: usize,
    state: FloodState,
}

/// Whether there is a flood, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum FloodState {
    /// No flood.
    #[default]
    Calm,
    /// A flood whose begin has no time yet: neither the source nor its records have one.
    Undated,
    /// A flood since this time.
    Since(EventTime),
}

impl FloodGauge {
    /// A gauge; with `since` it continues a flood from before a restart.
    #[must_use]
    pub fn of(kind: FloodKind, since: Option<EventTime>) -> Self {
        Self {
            kind,
            recent: VecDeque::new(),
            counted: 0,
            in_a_row: 0,
            state: since.map_or(FloodState::Calm, FloodState::Since),
        }
    }

    /// Start of the current flood, if there is one. One that began without a time began at `now`, the wall clock.
    #[must_use]
    pub fn dated(&mut self, now: EventTime) -> Option<EventTime> {
        if self.state == FloodState::Undated {
            self.state = FloodState::Since(now);
        }
        match self.state {
            FloodState::Since(since) => Some(since),
            FloodState::Calm | FloodState::Undated => None,
        }
    }

    /// Counts one record at `now`, the watermark of the source or the arrival of the record, if one of them is known.
    /// Returns an incident when a flood begins or ends.
    pub fn observe(&mut self, is_counted: bool, now: Option<EventTime>) -> Option<DatedIncident> {
        self.recent.push_back(is_counted);
        self.counted += usize::from(is_counted);
        self.in_a_row = if is_counted { self.in_a_row + 1 } else { 0 };
        if self.recent.len() > RECENT_MAX {
            self.counted -= usize::from(self.recent.pop_front() == Some(true));
        }
        let limits = self.limits();
        match self.state {
            FloodState::Calm
                if self.counted > limits.tolerated || self.in_a_row >= limits.in_a_row =>
            {
                self.state = now.map_or(FloodState::Undated, FloodState::Since);
                Some(self.incident(now, now, false))
            }
            FloodState::Undated | FloodState::Since(_)
                if self.in_a_row == 0 && self.counted < limits.calm =>
            {
                let since = match std::mem::take(&mut self.state) {
                    FloodState::Since(since) => Some(since),
                    FloodState::Calm | FloodState::Undated => now,
                };
                Some(self.incident(since, now, true))
            }
            _ => None,
        }
    }

    fn limits(&self) -> FloodLimits {
        match self.kind {
            FloodKind::Rejected => REJECTS,
            FloodKind::Late => LATE,
        }
    }

    fn incident(
        &self,
        since: Option<EventTime>,
        at: Option<EventTime>,
        over: bool,
    ) -> DatedIncident {
        DatedIncident {
            at,
            what: Integrity::Flood(Flood {
                kind: self.kind,
                since,
                count: self.counted as u64,
                of: self.recent.len() as u64,
                limit: self.limits().tolerated as u64,
                over,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of (counted or not, how many), and the moments at which a flood began or ended.
    fn floods(kind: FloodKind, runs: &[(bool, usize)]) -> Vec<(usize, bool)> {
        let mut gauge = FloodGauge::of(kind, None);
        let outcomes = runs
            .iter()
            .flat_map(|(counted, times)| std::iter::repeat_n(*counted, *times));
        let floods = outcomes.enumerate().filter_map(|(n, counted)| {
            match gauge.observe(counted, None)?.what {
                Integrity::Flood(flood) => Some((n + 1, flood.over)),
                _ => None,
            }
        });
        floods.collect()
    }

    #[test]
    fn a_hundred_in_a_row_begin_a_flood_and_calm_ends_it_once() {
        let flood = |runs| floods(FloodKind::Rejected, runs);
        assert_eq!(flood(&[(false, 500), (true, 99), (false, 1)]), []);
        assert_eq!(
            flood(&[(true, 150), (false, 2_000)]),
            [(100, false), (1_051, true)]
        );
    }

    #[test]
    fn a_fifth_of_a_thousand_is_a_flood_without_a_long_run() {
        let mixed: Vec<(bool, usize)> = (0..300).flat_map(|_| [(true, 1), (false, 3)]).collect();
        assert_eq!(floods(FloodKind::Rejected, &mixed), [(801, false)]);
    }

    #[test]
    fn a_twentieth_of_a_thousand_predictions_is_a_flood_of_late_ones() {
        let flood = |runs| floods(FloodKind::Late, runs);
        assert_eq!(flood(&[(true, 50), (false, 10)]), [], "a handful is none");
        assert_eq!(
            flood(&[(true, 60), (false, 2_000)]),
            [(51, false), (1_036, true)]
        );
        let scattered: Vec<(bool, usize)> =
            (0..200).flat_map(|_| [(true, 1), (false, 20)]).collect();
        assert_eq!(flood(&scattered), [], "a 21st is tolerated");
        let more: Vec<(bool, usize)> = (0..200).flat_map(|_| [(true, 1), (false, 18)]).collect();
        assert_eq!(flood(&more), [(951, false)], "a 19th is not");
    }

    #[test]
    fn a_flood_without_a_time_began_when_it_was_told() {
        let mut gauge = FloodGauge::of(FloodKind::Rejected, None);
        let begun = (0..150)
            .find_map(|_| gauge.observe(true, None))
            .map(|i| i.at);
        assert_eq!(begun, Some(None));
        let now = EventTime(1_800_000_000_000);
        assert_eq!(gauge.dated(now), Some(now));
        assert_eq!(
            gauge.dated(now.plus_millis(1)),
            Some(now),
            "it keeps its begin"
        );
    }

    #[test]
    fn a_flood_from_before_a_restart_ends_once() {
        let since = Some(EventTime(7));
        let mut gauge = FloodGauge::of(FloodKind::Late, since);
        let ended = gauge.observe(false, Some(EventTime(9)));
        let ended = ended.map(|incident| incident.what);
        assert!(
            matches!(ended, Some(Integrity::Flood(flood)) if flood.over && flood.since == since),
            "{ended:?}"
        );
        assert_eq!(gauge.observe(false, Some(EventTime(10))), None);
    }
}

//! Detection of reject floods: so many records of a source are rejected that somebody should look.
//!
//! A flood begins when more than a fifth of the last thousand records are rejected, or a hundred in a row. It ends when
//! less than a tenth is rejected. The source is not paused, because that would blind every other model on it.

use std::collections::VecDeque;

use super::incident::DatedIncident;
use crate::alert::{Flood, Integrity};
use crate::event::EventTime;

/// Records in the sliding window.
const RECENT_MAX: usize = 1_000;
/// Rejected records in the window that are no flood yet.
const REJECTED_MAX: usize = 200;
/// A flood ends when fewer records in the window are rejected.
const CALM: usize = 100;
/// Rejected records in a row that are a flood.
const IN_A_ROW: usize = 100;

/// Last records of one source, rejected or not.
#[derive(Debug, Default)]
pub struct FloodGauge {
    recent: VecDeque<bool>,
    rejected: usize,
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
    /// A gauge that continues a flood from before a restart.
    #[must_use]
    pub fn since(since: Option<EventTime>) -> Self {
        Self {
            state: since.map_or(FloodState::Calm, FloodState::Since),
            ..Self::default()
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
    pub fn observe(&mut self, is_rejected: bool, now: Option<EventTime>) -> Option<DatedIncident> {
        self.recent.push_back(is_rejected);
        self.rejected += usize::from(is_rejected);
        self.in_a_row = if is_rejected { self.in_a_row + 1 } else { 0 };
        if self.recent.len() > RECENT_MAX {
            self.rejected -= usize::from(self.recent.pop_front() == Some(true));
        }
        match self.state {
            FloodState::Calm if self.is_flood() => {
                self.state = now.map_or(FloodState::Undated, FloodState::Since);
                Some(self.incident(now, now, false))
            }
            FloodState::Undated | FloodState::Since(_)
                if self.in_a_row == 0 && self.rejected < CALM =>
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

    fn is_flood(&self) -> bool {
        self.rejected > REJECTED_MAX || self.in_a_row >= IN_A_ROW
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
                since,
                rejected: self.rejected as u64,
                of: self.recent.len() as u64,
                limit: REJECTED_MAX as u64,
                over,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of (refused or not, how many), and the moments at which a flood began or ended.
    fn flood(runs: &[(bool, usize)]) -> Vec<(usize, bool)> {
        let mut gauge = FloodGauge::default();
        let outcomes = runs
            .iter()
            .flat_map(|(rejected, times)| std::iter::repeat_n(*rejected, *times));
        let floods = outcomes.enumerate().filter_map(|(n, rejected)| {
            match gauge.observe(rejected, None)?.what {
                Integrity::Flood(flood) => Some((n + 1, flood.over)),
                _ => None,
            }
        });
        floods.collect()
    }

    #[test]
    fn a_hundred_in_a_row_begin_a_flood_and_calm_ends_it_once() {
        assert_eq!(flood(&[(false, 500), (true, 99), (false, 1)]), []);
        assert_eq!(
            flood(&[(true, 150), (false, 2_000)]),
            [(100, false), (1_051, true)]
        );
    }

    #[test]
    fn a_flood_without_a_time_began_when_it_was_told() {
        let mut gauge = FloodGauge::default();
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
    fn a_fifth_of_a_thousand_is_a_flood_without_a_long_run() {
        let mixed: Vec<(bool, usize)> = (0..300).flat_map(|_| [(true, 1), (false, 3)]).collect();
        assert_eq!(flood(&mixed), [(801, false)]);
    }
}

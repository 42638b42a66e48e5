//! A flood of rejects: when so much of a source is refused that somebody should look, and when it is over.
//!
//! More than a fifth of the last thousand records, or a hundred in a row. It is over when less than a tenth is refused
//! again. Nothing stops: pausing the source would blind every other model on it.

use std::collections::VecDeque;

use crate::alert::{Flood, Integrity};
use crate::event::EventTime;

/// Records that are looked back on.
const RECENT_MAX: usize = 1_000;
/// Of them, refused ones that are tolerated.
const REJECTED_MAX: usize = 200;
/// Of them, refused ones below which a flood is over.
const CALM: usize = 100;
/// Refused ones in a row that are a flood by themselves.
const IN_A_ROW: usize = 100;

/// The last records of one source, refused or not.
#[derive(Debug, Default)]
pub struct FloodGauge {
    recent: VecDeque<bool>,
    rejected: usize,
    in_a_row: usize,
    since: Option<EventTime>,
}

impl FloodGauge {
    /// A gauge that goes on where another stopped.
    #[must_use]
    pub fn since(since: Option<EventTime>) -> Self {
        Self {
            since,
            ..Self::default()
        }
    }

    /// Since when a flood goes on, if one does.
    #[must_use]
    pub fn is_flooded_since(&self) -> Option<EventTime> {
        self.since
    }

    /// Takes one record's fate at `now`, the source's watermark; answers when a flood begins or ends.
    pub fn observe(&mut self, is_rejected: bool, now: EventTime) -> Option<Integrity> {
        self.recent.push_back(is_rejected);
        self.rejected += usize::from(is_rejected);
        self.in_a_row = if is_rejected { self.in_a_row + 1 } else { 0 };
        if self.recent.len() > RECENT_MAX {
            self.rejected -= usize::from(self.recent.pop_front() == Some(true));
        }
        match self.since {
            None if self.is_flood() => {
                self.since = Some(now);
                Some(self.told(now, false))
            }
            Some(since) if self.in_a_row == 0 && self.rejected < CALM => {
                self.since = None;
                Some(self.told(since, true))
            }
            _ => None,
        }
    }

    fn is_flood(&self) -> bool {
        self.rejected > REJECTED_MAX || self.in_a_row >= IN_A_ROW
    }

    fn told(&self, since: EventTime, over: bool) -> Integrity {
        Integrity::Flood(Flood {
            since,
            rejected: self.rejected as u64,
            of: self.recent.len() as u64,
            limit: REJECTED_MAX as u64,
            over,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of (refused or not, how many), and the moments at which something was told.
    fn told(runs: &[(bool, usize)]) -> Vec<(usize, bool)> {
        let mut gauge = FloodGauge::default();
        let fates = runs
            .iter()
            .flat_map(|(rejected, times)| std::iter::repeat_n(*rejected, *times));
        let told = fates.enumerate().filter_map(|(n, rejected)| {
            match gauge.observe(rejected, EventTime(0))? {
                Integrity::Flood(flood) => Some((n + 1, flood.over)),
                _ => None,
            }
        });
        told.collect()
    }

    #[test]
    fn a_hundred_in_a_row_begin_a_flood_and_calm_ends_it_once() {
        assert_eq!(told(&[(false, 500), (true, 99), (false, 1)]), []);
        assert_eq!(
            told(&[(true, 150), (false, 2_000)]),
            [(100, false), (1_051, true)]
        );
    }

    #[test]
    fn a_fifth_of_a_thousand_is_a_flood_without_a_long_run() {
        let mixed: Vec<(bool, usize)> = (0..300).flat_map(|_| [(true, 1), (false, 3)]).collect();
        assert_eq!(told(&mixed), [(801, false)]);
    }
}

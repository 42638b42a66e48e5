//! Set of days of the week, in UTC.

use serde::{Deserialize, Serialize};

use super::pane::{Boundary, DAY_MINUTES};

/// Names of the days of a week, from Monday on.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A set of days of the week, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WeekDays(u8);

impl WeekDays {
    /// Adds the day in which a pane starts.
    pub fn add(&mut self, start: Boundary) {
        // The epoch began on a Thursday.
        let nth = (start.0.div_euclid(DAY_MINUTES) + 3).rem_euclid(7);
        self.0 |= 1 << nth;
    }

    /// True if no day was added.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True if the set holds every day.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.missing().next().is_none()
    }

    /// Names of the days that the set holds, from Monday on.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.days(true)
    }

    /// Names of the days that the set lacks, from Monday on.
    pub fn missing(self) -> impl Iterator<Item = &'static str> {
        self.days(false)
    }

    fn days(self, is_held: bool) -> impl Iterator<Item = &'static str> {
        let days = (0..).zip(DAYS);
        days.filter(move |(nth, _)| (self.0 & (1 << nth) != 0) == is_held)
            .map(|(_, day)| day)
    }
}

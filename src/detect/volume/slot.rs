//! Slot: a quarter of an hour of event time, the unit in which traffic is counted.

use serde::{Deserialize, Serialize};

use crate::window::Boundary;

/// Length of a slot in minutes.
pub const SLOT_MINUTES: i64 = 15;
/// Slots in an hour.
pub(super) const HOUR: i64 = 4;
/// Slots in a day.
pub(super) const DAY: i64 = 24 * HOUR;
/// Slots in a week.
pub(super) const WEEK: i64 = 7 * DAY;

/// Slots between the Unix epoch, a Thursday, and the first Monday.
const FIRST_MONDAY: i64 = 4 * DAY;

/// Slot of event time: a quarter of an hour, counted from the Unix epoch.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Slot(pub i64);

impl Slot {
    /// Slot that contains `boundary`. A pane belongs to the slot of its start.
    #[must_use]
    pub fn holding(boundary: Boundary) -> Self {
        Self(boundary.0.div_euclid(SLOT_MINUTES))
    }

    /// Time at which the slot ends and can be judged.
    #[must_use]
    pub fn end(self) -> Boundary {
        Boundary((self.0 + 1) * SLOT_MINUTES)
    }

    /// Day of event time (UTC) that contains the slot.
    pub(super) fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Position in the week, from 0 (Monday 00:00 UTC) to 671.
    pub(super) fn of_week(self) -> i64 {
        (self.0 - FIRST_MONDAY).rem_euclid(WEEK)
    }
}

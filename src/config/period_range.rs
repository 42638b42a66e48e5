//! Range of periods that a key accepts: multiples of a step between two ends.

use std::fmt;

use super::fault::ConfigFaults;
use super::period::Period;
use crate::window::WindowLength;

/// Accepted periods: multiples of `step` from `from` to `to`. All three are whole minutes.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeriodRange {
    pub(super) from: Period,
    pub(super) to: Period,
    pub(super) step: Period,
}

impl PeriodRange {
    /// Minutes of `period`. If the range does not contain it, adds a fault at `path` and returns `None`.
    pub(super) fn minutes(
        &self,
        path: &str,
        period: Period,
        faults: &mut ConfigFaults,
    ) -> Option<i64> {
        let is_multiple = period.as_millis() % self.step.as_millis() == 0;
        let fits = is_multiple && (self.from..=self.to).contains(&period);
        let wrong = format!("{period} is not allowed");
        faults.require(fits, path, wrong, &format!("use {self}"));
        period.as_minutes().filter(|_| fits)
    }

    /// Length of a window. If the range does not contain it, adds a fault at `path` and returns `None`.
    pub(super) fn window(
        &self,
        path: &str,
        length: Period,
        faults: &mut ConfigFaults,
    ) -> Option<WindowLength> {
        let minutes = self.minutes(path, length, faults)?;
        WindowLength::from_minutes(u32::try_from(minutes).ok()?)
    }
}

impl fmt::Display for PeriodRange {
    /// Such as `whole hours from 24h to 90d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.step == Period::minutes(1) {
            f.write_str("whole minutes")?;
        } else if self.step == Period::hours(1) {
            f.write_str("whole hours")?;
        } else {
            write!(f, "a multiple of {}", self.step)?;
        }
        write!(f, " from {} to {}", self.from, self.to)
    }
}

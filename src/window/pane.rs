//! Pane boundaries, spans between boundaries, and windows.

use serde::{Deserialize, Serialize};

use crate::event::EventTime;

/// Length of one pane in milliseconds. A pane is the smallest span of event time; its length is fixed for a deployment.
pub const PANE_MILLIS: i64 = 60_000;

/// Minutes of an hour.
pub const HOUR_MINUTES: i64 = 60;
/// Minutes of a day.
pub const DAY_MINUTES: i64 = 24 * HOUR_MINUTES;

/// Time at which panes begin and end, in minutes since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Boundary(pub i64);

impl Boundary {
    /// Last boundary at or before `time`: the start of the pane that contains it.
    #[must_use]
    pub fn at_or_before(time: EventTime) -> Self {
        Self(time.0.div_euclid(PANE_MILLIS))
    }

    /// Converts the boundary to event time.
    #[must_use]
    pub fn time(self) -> EventTime {
        EventTime(self.0 * PANE_MILLIS)
    }

    /// Returns the boundary `minutes` later, or earlier if negative.
    #[must_use]
    pub fn plus_minutes(self, minutes: i64) -> Self {
        Self(self.0 + minutes)
    }

    /// Last boundary at or before this one that is a multiple of `minutes` since the Unix epoch.
    #[must_use]
    pub fn floor(self, minutes: i64) -> Self {
        Self(self.0 - self.0.rem_euclid(minutes))
    }

    /// True if the boundary is a multiple of `minutes` since the Unix epoch.
    #[must_use]
    pub fn on_grid(self, minutes: i64) -> bool {
        self.0.rem_euclid(minutes) == 0
    }
}

/// A half-open span of event time between two boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First boundary inside the span.
    pub start: Boundary,
    /// First boundary after the span.
    pub end: Boundary,
}

impl Span {
    /// Returns the span of `length` that ends at `end`.
    #[must_use]
    pub fn ending_at(end: Boundary, length: WindowLength) -> Self {
        Self {
            start: end.plus_minutes(-length.minutes()),
            end,
        }
    }
}

/// Length of a window in whole minutes, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WindowLength(u32);

impl WindowLength {
    /// Shortest length: one minute.
    pub const SHORTEST: Self = Self(1);

    /// Creates a length of `minutes`; `None` for zero.
    #[must_use]
    pub fn from_minutes(minutes: u32) -> Option<Self> {
        (minutes > 0).then_some(Self(minutes))
    }

    /// Length in whole minutes.
    #[must_use]
    pub fn minutes(self) -> i64 {
        i64::from(self.0)
    }

    /// Published name, such as `15m`, `1h` or `1d`.
    #[must_use]
    pub fn name(self) -> String {
        match self.0 {
            m if m % 1_440 == 0 => format!("{}d", m / 1_440),
            m if m % 60 == 0 => format!("{}h", m / 60),
            m => format!("{m}m"),
        }
    }
}

/// Window to evaluate: its length and its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSpec {
    /// Length of the window.
    pub length: WindowLength,
    /// Minutes between two evaluations of the window.
    pub step_minutes: i64,
}

impl WindowSpec {
    /// True if the window is reported: it holds at most a day. The panes of longer ones are kept as counts only, and their
    /// predictions are in the reports of shorter ones.
    #[must_use]
    pub fn is_reported(&self) -> bool {
        self.length.minutes() <= DAY_MINUTES
    }
}

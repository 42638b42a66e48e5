//! Boundaries of panes, spans between them, and the windows that are judged at them.

use serde::{Deserialize, Serialize};

use crate::event::EventTime;

/// Milliseconds of one pane: the smallest span of event time, fixed for the life of a deployment.
pub const PANE_MILLIS: i64 = 60_000;

/// An instant at which panes begin and end, in minutes since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Boundary(pub i64);

impl Boundary {
    /// The last boundary at or before `time`: the beginning of the pane that holds it.
    #[must_use]
    pub fn at_or_before(time: EventTime) -> Self {
        Self(time.0.div_euclid(PANE_MILLIS))
    }

    /// The boundary as an instant.
    #[must_use]
    pub fn time(self) -> EventTime {
        EventTime(self.0 * PANE_MILLIS)
    }

    /// The boundary `minutes` later (earlier when negative).
    #[must_use]
    pub fn plus_minutes(self, minutes: i64) -> Self {
        Self(self.0 + minutes)
    }

    /// The last boundary at or before it on the grid of `minutes`, counted from the Unix epoch.
    #[must_use]
    pub fn floor(self, minutes: i64) -> Self {
        Self(self.0 - self.0.rem_euclid(minutes))
    }

    /// Whether it lies on the grid of `minutes`, counted from the Unix epoch.
    #[must_use]
    pub fn on_grid(self, minutes: i64) -> bool {
        self.0.rem_euclid(minutes) == 0
    }
}

/// A half-open span of event time between two boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First instant inside.
    pub start: Boundary,
    /// First instant after.
    pub end: Boundary,
}

impl Span {
    /// The span of `length` that ends at `end`.
    #[must_use]
    pub fn ending_at(end: Boundary, length: WindowLength) -> Self {
        Self {
            start: end.plus_minutes(-length.minutes()),
            end,
        }
    }
}

/// The length of a window in whole minutes, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WindowLength(u32);

impl WindowLength {
    /// A length of `minutes`; `None` for zero.
    #[must_use]
    pub fn from_minutes(minutes: u32) -> Option<Self> {
        (minutes > 0).then_some(Self(minutes))
    }

    /// Whole minutes.
    #[must_use]
    pub fn minutes(self) -> i64 {
        i64::from(self.0)
    }

    /// Its name as published: `15m`, `1h`, `1d`.
    #[must_use]
    pub fn name(self) -> String {
        match self.0 {
            m if m % 1_440 == 0 => format!("{}d", m / 1_440),
            m if m % 60 == 0 => format!("{}h", m / 60),
            m => format!("{m}m"),
        }
    }
}

/// A window that is judged: its length and the step by which it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSpec {
    /// Length.
    pub length: WindowLength,
    /// Minutes between two judgements.
    pub step_minutes: i64,
}

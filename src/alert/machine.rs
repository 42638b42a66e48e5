//! State machine of one cause: pending, firing, clearing, and the treatment of silence.
//!
//! **Intuition.** Prometheus' `for` and `keep_firing_for`, with a clear level below the threshold, in event time:
//!
//! ```text
//! inactive ── breach ──▶ pending ── still in breach after hold ──▶ firing ──▶ clearing ── keep_firing ──▶ inactive
//!                           │                                        ▲  quiet     │
//!                           └─ lingering or quiet ──▶ inactive       └────────────┘ breach or lingering
//! ```
//!
//! **Silence** is a boundary without a verdict on the cause: the cause is not evaluated there (a long window moves in
//! steps), its window holds too few events, or its subject is gone. A firing cause keeps firing, a clearing one keeps
//! clearing, and a pending one waits and cannot fire. Silence must not keep an alert open for ever. After one window length
//! plus `keep_firing` without a signal, no window still holds the events behind the alert, and the cause ends.
//!
//! **Rejected.** Silence as quiet: when trouble stops the traffic, the alert on that trouble would resolve. Silence as
//! breach: a version that was rolled back would page until the monitor is restarted.

use serde::{Deserialize, Serialize};

use super::settings::AlertSettings;
use crate::window::{Boundary, WindowLength};

/// Signal to a state machine at a boundary, in order of gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Not evaluated, or too few events.
    Silence,
    /// Below the clear level.
    Quiet,
    /// Below the threshold, but not below the clear level.
    Lingering,
    /// At or beyond the threshold, and significant.
    Breach,
}

/// State of an active cause. An inactive cause has no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// In breach, but not yet for the hold time.
    Pending {
        /// First breach.
        since: Boundary,
        /// Last breach.
        last_seen: Boundary,
    },
    /// In breach for the hold time.
    Firing {
        /// Boundary at which it began to fire.
        since: Boundary,
        /// Last breach or lingering.
        last_seen: Boundary,
    },
    /// Quiet, but not yet for the keep-firing time. Published as firing.
    Clearing {
        /// Boundary at which it began to fire.
        since: Boundary,
        /// Boundary of the first quiet verdict.
        clear_since: Boundary,
    },
}

/// Time limits of a state machine, in minutes of event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Time that a breach must last before it fires.
    pub hold_minutes: i64,
    /// Time that a firing cause must be quiet before it resolves.
    pub keep_firing_minutes: i64,
    /// Time without a signal after which a cause ends.
    pub silence_minutes: i64,
}

/// Time limits that the rule of an objective sets for itself, in minutes of event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleTiming {
    /// Time that a breach must last before it fires.
    pub hold_minutes: i64,
    /// Time that a firing cause must be quiet before it resolves.
    pub keep_firing_minutes: i64,
}

impl Timing {
    /// Timing of causes in windows of `length`. Limits of a rule (`own`) take precedence over the settings.
    #[must_use]
    pub fn of(settings: &AlertSettings, length: WindowLength, own: Option<RuleTiming>) -> Self {
        let RuleTiming {
            hold_minutes,
            keep_firing_minutes,
        } = own.unwrap_or(RuleTiming {
            hold_minutes: settings.hold_minutes,
            keep_firing_minutes: settings.keep_firing_minutes,
        });
        Self {
            hold_minutes,
            keep_firing_minutes,
            silence_minutes: length.minutes() + keep_firing_minutes,
        }
    }

    /// These limits, with a hold of at least `hold_minutes`.
    #[must_use]
    pub fn held_at_least(self, hold_minutes: i64) -> Self {
        Self {
            hold_minutes: self.hold_minutes.max(hold_minutes),
            ..self
        }
    }
}

impl State {
    /// Next state of a cause after a signal at boundary `at`; `None` is inactive.
    #[must_use]
    pub fn after(
        state: Option<Self>,
        signal: Signal,
        at: Boundary,
        timing: Timing,
    ) -> Option<Self> {
        let silent = |last_seen| minutes(last_seen, at) >= timing.silence_minutes;
        match (state?, signal) {
            (Self::Pending { since, .. }, Signal::Breach) => Some(held(since, at, timing)),
            (Self::Pending { .. }, Signal::Lingering | Signal::Quiet) => None,
            (
                Self::Firing { since, .. } | Self::Clearing { since, .. },
                Signal::Breach | Signal::Lingering,
            ) => Some(Self::Firing {
                since,
                last_seen: at,
            }),
            (Self::Firing { since, .. }, Signal::Quiet) => clearing(since, at, at, timing),
            (Self::Clearing { since, clear_since }, Signal::Quiet | Signal::Silence) => {
                clearing(since, clear_since, at, timing)
            }
            (Self::Pending { last_seen, .. } | Self::Firing { last_seen, .. }, Signal::Silence) => {
                state.filter(|_| !silent(last_seen))
            }
        }
    }

    /// State of an inactive cause after a breach at `at`.
    #[must_use]
    pub fn begun(at: Boundary, timing: Timing) -> Self {
        held(at, at, timing)
    }

    /// True if the alert counts as firing: firing or clearing.
    #[must_use]
    pub fn is_firing(self) -> bool {
        matches!(self, Self::Firing { .. } | Self::Clearing { .. })
    }
}

fn held(since: Boundary, at: Boundary, timing: Timing) -> State {
    if minutes(since, at) >= timing.hold_minutes {
        State::Firing {
            since: at,
            last_seen: at,
        }
    } else {
        State::Pending {
            since,
            last_seen: at,
        }
    }
}

fn clearing(since: Boundary, clear_since: Boundary, at: Boundary, timing: Timing) -> Option<State> {
    (minutes(clear_since, at) < timing.keep_firing_minutes)
        .then_some(State::Clearing { since, clear_since })
}

fn minutes(from: Boundary, to: Boundary) -> i64 {
    to.0.saturating_sub(from.0)
}

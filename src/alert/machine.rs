//! The alert machine of one cause: held, firing, clearing, and what silence means.
//!
//! **Intuition.** Prometheus' `for` and `keep_firing_for`, with a clear level below the threshold, in event time:
//!
//! ```text
//! inactive ── breach ──▶ pending ── still in breach after hold ──▶ firing ──▶ clearing ── keep_firing ──▶ inactive
//!                           │                                        ▲  quiet     │
//!                           └─ lingering or quiet ──▶ inactive       └────────────┘ breach or lingering
//! ```
//!
//! **Silence** is a boundary at which the cause is not judged (a long window moves in steps), its window holds too few
//! events, or its subject is gone. It is no news: a firing cause goes on, a clearing one goes on clearing, a pending one
//! waits and cannot fire. But silence must not keep an alert for ever: after one window length and `keep_firing` without
//! news, no event that was behind it is left in any window, and the cause ends.
//!
//! **Rejected.** Silence as quiet: traffic that stops would resolve what made it stop. Silence as breach: a version that
//! was rolled back would page until somebody restarts the monitor.

use serde::{Deserialize, Serialize};

use super::settings::AlertSettings;
use crate::window::{Boundary, WindowLength};

/// What a machine is told at a boundary; the later, the graver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Not judged, or too few events to say.
    Silence,
    /// Below the clear level.
    Quiet,
    /// Below the threshold, not below the clear level.
    Lingering,
    /// Trouble.
    Breach,
}

/// Where an active cause stands; an inactive one has no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// In breach, but not yet for long enough.
    Pending {
        /// First breach.
        since: Boundary,
        /// Last breach.
        last_seen: Boundary,
    },
    /// Firing.
    Firing {
        /// When it began to fire.
        since: Boundary,
        /// Last breach or lingering.
        last_seen: Boundary,
    },
    /// Quiet, but not yet for long enough; published as firing.
    Clearing {
        /// When it began to fire.
        since: Boundary,
        /// First quiet verdict.
        clear_since: Boundary,
    },
}

/// How long things last, in minutes of event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// A breach lasts this long before it fires.
    pub hold_minutes: i64,
    /// A cause is quiet this long before it resolves.
    pub keep_firing_minutes: i64,
    /// Without news for this long it ends.
    pub silence_minutes: i64,
}

/// How long the breaches of one rule last, in minutes of event time: what an objective may set for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleTiming {
    /// A breach lasts this long before it fires.
    pub hold_minutes: i64,
    /// It is quiet this long before it resolves.
    pub keep_firing_minutes: i64,
}

impl Timing {
    /// The timing of causes in windows of `length`; what a rule sets for itself goes before the settings.
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
}

impl State {
    /// Where a cause that stood at `state` stands after hearing `news` at `at`; `None` is inactive.
    #[must_use]
    pub fn after(state: Option<Self>, news: Signal, at: Boundary, timing: Timing) -> Option<Self> {
        let silent = |last_seen| minutes(last_seen, at) >= timing.silence_minutes;
        match (state?, news) {
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

    /// Where an inactive cause stands after a breach at `at`.
    #[must_use]
    pub fn begun(at: Boundary, timing: Timing) -> Self {
        held(at, at, timing)
    }

    /// Whether it counts as firing.
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

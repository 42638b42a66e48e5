//! When an episode begins, changes and ends: the transitions that are published, and nothing else is.

use serde::{Deserialize, Serialize};

use super::standing::Standing;
use super::terms::{Change, Severity, Status};
use crate::window::Boundary;

/// One episode: from the first cause to the last resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Episode {
    pub(super) start: Boundary,
    /// Number of the next record.
    pub(super) sequence: u64,
    /// The gravest so far.
    pub(super) severity: Severity,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Pending,
    Firing,
}

/// A transition of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Held,
    Opened,
    Joined,
    Escalated,
    Resolved,
    Withdrawn,
}

impl Turn {
    /// Where the alert stands after it.
    pub(super) fn status(self) -> Status {
        match self {
            Self::Held => Status::Pending,
            Self::Opened | Self::Joined | Self::Escalated => Status::Firing,
            Self::Resolved | Self::Withdrawn => Status::Resolved,
        }
    }
}

impl From<Turn> for Change {
    fn from(turn: Turn) -> Self {
        match turn {
            Turn::Held => Self::Held,
            Turn::Opened => Self::Opened,
            Turn::Joined => Self::Joined,
            Turn::Escalated => Self::Escalated,
            Turn::Resolved => Self::Resolved,
            Turn::Withdrawn => Self::Withdrawn,
        }
    }
}

/// What must be said of an episode, given how its causes stand; `None` as long as nothing changed.
pub(super) fn turn(episode: Option<&Episode>, standing: &Standing<'_>) -> Option<Turn> {
    let fires = !standing.firing.is_empty();
    let pends = !standing.pending.is_empty();
    match episode.map(|episode| (episode.phase, episode.severity)) {
        None | Some((Phase::Pending, _)) if fires => Some(Turn::Opened),
        None => pends.then_some(Turn::Held),
        Some((Phase::Pending, _)) => (!pends).then_some(Turn::Withdrawn),
        Some((Phase::Firing, _)) if !fires => Some(Turn::Resolved),
        Some((Phase::Firing, _)) if !standing.new.is_empty() => Some(Turn::Joined),
        Some((Phase::Firing, severity)) => {
            (standing.severity(Turn::Escalated) > severity).then_some(Turn::Escalated)
        }
    }
}

impl Episode {
    pub(super) fn is_firing(&self) -> bool {
        self.phase == Phase::Firing
    }

    /// The episode at the moment of `turn`; severity only rises.
    pub(super) fn turned(
        episode: Option<Self>,
        turn: Turn,
        at: Boundary,
        severity: Severity,
    ) -> Self {
        let phase = match turn {
            Turn::Held | Turn::Withdrawn => Phase::Pending,
            Turn::Opened | Turn::Joined | Turn::Escalated | Turn::Resolved => Phase::Firing,
        };
        match episode {
            None => Self {
                start: at,
                sequence: 0,
                severity,
                phase,
            },
            Some(episode) => Self {
                severity: episode.severity.max(severity),
                phase,
                ..episode
            },
        }
    }

    /// The episode after a record of it was published.
    pub(super) fn next(self, turn: Turn) -> Option<Self> {
        let goes_on = !matches!(turn, Turn::Resolved | Turn::Withdrawn);
        goes_on.then_some(Self {
            sequence: self.sequence + 1,
            ..self
        })
    }
}

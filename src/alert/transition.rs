//! When an episode begins, changes and ends: the transitions that are published, and nothing else is.

use serde::{Deserialize, Serialize};

use super::draft::Standing;
use super::terms::{Change, Severity};
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

/// What must be said of an episode, given how its causes stand; `None` as long as nothing changed.
pub(super) fn change(episode: Option<&Episode>, standing: &Standing<'_>) -> Option<Change> {
    let fires = !standing.firing.is_empty();
    let pends = !standing.pending.is_empty();
    match episode.map(|episode| (episode.phase, episode.severity)) {
        None | Some((Phase::Pending, _)) if fires => Some(Change::Opened),
        None => pends.then_some(Change::Held),
        Some((Phase::Pending, _)) => (!pends).then_some(Change::Withdrawn),
        Some((Phase::Firing, _)) if !fires => Some(Change::Resolved),
        Some((Phase::Firing, _)) if !standing.new.is_empty() => Some(Change::Joined),
        Some((Phase::Firing, severity)) => {
            (standing.severity(Change::Escalated) > severity).then_some(Change::Escalated)
        }
    }
}

impl Episode {
    pub(super) fn is_firing(&self) -> bool {
        self.phase == Phase::Firing
    }

    /// The episode at the moment of `change`; severity only rises.
    pub(super) fn turned(
        episode: Option<Self>,
        change: Change,
        at: Boundary,
        severity: Severity,
    ) -> Self {
        let phase = match change {
            Change::Held | Change::Withdrawn => Phase::Pending,
            Change::Opened | Change::Joined | Change::Escalated | Change::Resolved => Phase::Firing,
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
    pub(super) fn next(self, change: Change) -> Option<Self> {
        let goes_on = !matches!(change, Change::Resolved | Change::Withdrawn);
        goes_on.then_some(Self {
            sequence: self.sequence + 1,
            ..self
        })
    }
}

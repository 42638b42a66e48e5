//! Life of an episode: the next transition, given the state of its causes.

use serde::{Deserialize, Serialize};

use super::cause_summary::CauseSummary;
use super::terms::Severity;
use super::transition::Transition;
use crate::window::Boundary;

/// Episode of an alert: from the first cause to the last resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Episode {
    pub(super) start: Boundary,
    /// Number of the next record.
    pub(super) sequence: u64,
    /// Highest severity so far.
    pub(super) severity: Severity,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Pending,
    Firing,
}

/// Next transition of an episode, given the state of its causes; `None` if nothing changed.
pub(super) fn transition(
    episode: Option<&Episode>,
    summary: &CauseSummary<'_>,
) -> Option<Transition> {
    let fires = !summary.firing.is_empty();
    let pends = !summary.pending.is_empty();
    match episode.map(|episode| (episode.phase, episode.severity)) {
        None | Some((Phase::Pending, _)) if fires => Some(Transition::Opened),
        None => pends.then_some(Transition::Held),
        Some((Phase::Pending, _)) => (!pends).then_some(Transition::Withdrawn),
        Some((Phase::Firing, _)) if !fires => Some(Transition::Resolved),
        Some((Phase::Firing, _)) if !summary.new.is_empty() => Some(Transition::Joined),
        Some((Phase::Firing, severity)) => {
            (summary.severity(Transition::Escalated) > severity).then_some(Transition::Escalated)
        }
    }
}

impl Episode {
    pub(super) fn is_firing(&self) -> bool {
        self.phase == Phase::Firing
    }

    /// Episode after `transition`, before its record is published. Severity only rises.
    pub(super) fn after(
        episode: Option<Self>,
        transition: Transition,
        at: Boundary,
        severity: Severity,
    ) -> Self {
        let phase = match transition {
            Transition::Held | Transition::Withdrawn => Phase::Pending,
            Transition::Opened
            | Transition::Joined
            | Transition::Escalated
            | Transition::Resolved => Phase::Firing,
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

    /// Episode after its record is published; `None` if the transition ended it.
    pub(super) fn next(self, transition: Transition) -> Option<Self> {
        let goes_on = !matches!(transition, Transition::Resolved | Transition::Withdrawn);
        goes_on.then_some(Self {
            sequence: self.sequence + 1,
            ..self
        })
    }
}

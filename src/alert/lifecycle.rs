//! Life of an episode: the next transition, given the state of its causes.

use serde::{Deserialize, Serialize};

use super::alert_key::AlertKey;
use super::cause_summary::CauseSummary;
use super::terms::Severity;
use super::transition::Transition;
use crate::window::{Boundary, DAY_MINUTES};

/// Minutes without anything new after which an alert that fires looks permanent. A week holds each hour and each weekday once, so
/// what is still unlike its reference is neither a night nor a weekend.
const PERMANENT_MINUTES: i64 = 7 * DAY_MINUTES;

/// Episode of an alert: from the first cause to the last resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Episode {
    pub(super) start: Boundary,
    /// Number of the next record.
    pub(super) sequence: u64,
    /// Highest severity so far.
    pub(super) severity: Severity,
    /// Boundary at which the alert opened, or rose in severity for the last time.
    pub(super) paged: Boundary,
    phase: Phase,
    /// Boundary of the last record that said something new.
    news: Boundary,
    /// True once a record has said that the alert looks permanent.
    is_permanent: bool,
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
    (key, at): (AlertKey, Boundary),
) -> Option<Transition> {
    let fires = !summary.firing.is_empty();
    let pends = !summary.pending.is_empty();
    let Some(episode) = episode.filter(|episode| episode.is_firing() || !fires) else {
        return match (fires, pends) {
            (true, _) => Some(Transition::Opened),
            (false, pends) => pends.then_some(Transition::Held),
        };
    };
    if !episode.is_firing() {
        return (!pends).then_some(Transition::Withdrawn);
    }
    let rises = summary.severity(Transition::Escalated) > episode.severity;
    if !fires {
        Some(Transition::Resolved)
    } else if rises || summary.is_graver {
        Some(Transition::Escalated)
    } else if !summary.new.is_empty() {
        Some(Transition::Joined)
    } else {
        let looks_permanent = key.is_compared() && episode.looks_permanent(at);
        looks_permanent.then_some(Transition::Permanent)
    }
}

impl Episode {
    pub(super) fn is_firing(&self) -> bool {
        self.phase == Phase::Firing
    }

    /// True once nothing new was found for [`PERMANENT_MINUTES`], unless a record has said so, or the alert pages nobody.
    fn looks_permanent(&self, at: Boundary) -> bool {
        let end = self.news.plus_minutes(PERMANENT_MINUTES);
        !self.is_permanent && self.severity >= Severity::Warning && at >= end
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
            | Transition::Permanent
            | Transition::Resolved => Phase::Firing,
        };
        let episode = episode.unwrap_or(Self {
            start: at,
            sequence: 0,
            severity,
            paged: at,
            phase,
            news: at,
            is_permanent: false,
        });
        let pages = matches!(transition, Transition::Opened | Transition::Escalated);
        let is_new = pages || transition == Transition::Joined;
        Self {
            severity: episode.severity.max(severity),
            paged: if pages { at } else { episode.paged },
            phase,
            news: if is_new { at } else { episode.news },
            is_permanent: episode.is_permanent || transition == Transition::Permanent,
            ..episode
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

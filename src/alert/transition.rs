//! Transitions of an episode. Every transition is published.

use super::terms::{AlertStatus, Change};

/// Transition of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transition {
    Held,
    Opened,
    Joined,
    Escalated,
    Permanent,
    Resolved,
    Withdrawn,
}

impl Transition {
    /// Status of the alert after the transition.
    pub(super) fn status(self) -> AlertStatus {
        match self {
            Self::Held => AlertStatus::Pending,
            Self::Opened | Self::Joined | Self::Escalated | Self::Permanent => AlertStatus::Firing,
            Self::Resolved | Self::Withdrawn => AlertStatus::Resolved,
        }
    }
}

impl From<Transition> for Change {
    fn from(transition: Transition) -> Self {
        match transition {
            Transition::Held => Self::Held,
            Transition::Opened => Self::Opened,
            Transition::Joined => Self::Joined,
            Transition::Escalated => Self::Escalated,
            Transition::Permanent => Self::Permanent,
            Transition::Resolved => Self::Resolved,
            Transition::Withdrawn => Self::Withdrawn,
        }
    }
}

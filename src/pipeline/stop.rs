//! Why a stage stops: a violation by this program, or a foreign hand in an internal topic. Going on would publish lies.

use super::cursor::Gap;
use super::frame::BadFrames;
use super::invariant::{InvariantId, Violation};
use super::state::BadState;

/// Why a join or evaluate task stops.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The chain of frames is broken.
    #[error(transparent)]
    Gap(#[from] Gap),
    /// A record was not written by this program.
    #[error(transparent)]
    Frames(#[from] BadFrames),
    /// The state was not written by this program, or is damaged.
    #[error(transparent)]
    State(#[from] BadState),
    /// Frames read again do not lead to the state that was written after them.
    #[error(
        "the frames since the last checkpoint do not lead to the state that was committed: an internal topic was modified. \
         Start anew with another `kafka.group` and `topics.prefix`"
    )]
    Diverged,
    /// An invariant does not hold.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// An entry of the state does not serialise.
    #[error("the state cannot be encoded: {0}")]
    Unwritable(#[from] postcard::Error),
}

impl Stop {
    /// The invariant that does not hold; `None` if another program wrote the state or the record.
    #[must_use]
    pub fn invariant(&self) -> Option<InvariantId> {
        match self {
            Self::Gap(_) => Some(InvariantId::FrameContinuity),
            Self::Diverged => Some(InvariantId::ReplayConvergence),
            Self::Violation(violation) => Some(violation.id),
            Self::Frames(_) | Self::State(_) | Self::Unwritable(_) => None,
        }
    }
}

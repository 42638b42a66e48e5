//! The contract of the stages that read an internal topic: join and evaluate.
//!
//! A stage is restored from its entries in the state topic, and then reads some frames again ([`Intake`]). It merges
//! frames as they are read, does its work in steps once the clock has moved, and hands out everything at a flush.

use std::sync::Arc;

use super::cursor::Gap;
use super::frame::{BadFrames, Frame, Summary};
use super::intake::{Diverged, Intake};
use super::invariant::{InvariantId, Violation};
use super::outbox::Writes;
use super::plan::{Plan, Topics};
use super::state::{BadState, StateReader};
use crate::event::Tick;
use crate::window::Boundary;

/// A violation that stops a stage: a bug of ours, or an internal topic that somebody else has changed.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A frame does not continue its source.
    #[error(transparent)]
    Gap(#[from] Gap),
    /// A record does not contain frames.
    #[error(transparent)]
    Frames(#[from] BadFrames),
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] BadState),
    /// The replay did not end at the head.
    #[error(transparent)]
    Diverged(#[from] Diverged),
    /// An invariant does not hold.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// A value of ours does not serialise.
    #[error("the state cannot be encoded: {0}")]
    Unwritable(#[from] postcard::Error),
}

impl StageError {
    /// The invariant that does not hold; `None` if the state or the record is not ours.
    #[must_use]
    pub fn invariant(&self) -> Option<InvariantId> {
        match self {
            Self::Gap(_) => Some(InvariantId::FrameContinuity),
            Self::Diverged(_) => Some(InvariantId::ReplayConvergence),
            Self::Violation(violation) => Some(violation.id),
            Self::Frames(_) | Self::State(_) | Self::Unwritable(_) => None,
        }
    }
}

/// What one flush of a stage sends.
#[derive(Debug)]
pub struct StageFlush<O> {
    /// One frame for each partition of `panes`, in order; none from the last stage.
    pub panes: Vec<Frame<Summary>>,
    /// Records to publish and state to write.
    pub writes: Writes,
    /// What metrics and the status page show once the flush is committed.
    pub observations: O,
}

/// A task of a stage, for one partition of the topic that the stage reads.
pub trait Stage: Sized {
    /// What metrics and the status page show of the stage.
    type Observations;

    /// The topic that the stage reads.
    fn topic(topics: &Topics) -> &str;

    /// A task that never ran; it reads from offset `first` on. Its own frames get `incarnation`.
    fn begin(plan: &Arc<Plan>, partition: i32, incarnation: u64, first: i64) -> Self;

    /// The task as of its last commit; `None` if it never committed.
    ///
    /// # Errors
    /// When the state is damaged, of another version, or of another number of partitions.
    fn restore(
        plan: &Arc<Plan>,
        partition: i32,
        state: &StateReader,
    ) -> Result<Option<Self>, StageError>;

    /// What was read, and what must be read again.
    fn intake(&self) -> &Intake;

    /// Merges the frames in the record at `offset`.
    ///
    /// # Errors
    /// When a frame does not continue its source, or the record does not contain frames.
    fn submit(&mut self, offset: i64, record: &[u8]) -> Result<(), StageError>;

    /// True if the clock has passed something that is not done yet.
    fn has_work(&self) -> bool;

    /// Does the next piece of work, if there is one.
    ///
    /// # Errors
    /// When a value of ours does not serialise.
    fn step(&mut self) -> Result<(), StageError>;

    /// True if memory requires a flush before the next step.
    fn is_full(&self) -> bool;

    /// The last boundary up to which everything was done.
    fn closed(&self) -> Option<Boundary>;

    /// The last boundary up to which quality was judged; `None` for a stage that does not judge quality.
    fn quality_closed(&self) -> Option<Boundary> {
        None
    }

    /// Digest of the task's entries in the state topic, except the head.
    fn digest(&self) -> u64;

    /// Hands out everything since the last flush; `None` if there is nothing to say. `now` is the wall clock, which dates
    /// incidents that have no event time.
    ///
    /// # Errors
    /// When an invariant does not hold, or a value of ours does not serialise.
    fn flush(&mut self, now: Tick) -> Result<Option<StageFlush<Self::Observations>>, StageError>;
}

//! The head of a join: what it writes to the state topic at every commit.

use serde::{Deserialize, Serialize};

use crate::join::JoinCheckpoint;
use crate::pipeline::cursor::Cursors;
use crate::pipeline::partition::INTERNAL_PARTITIONS;
use crate::pipeline::state::{BadState, same};

/// Position of a join task at its last commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JoinHead {
    /// Partitions of `outcomes`, fixed for life.
    pub partitions: u32,
    /// Incarnation of the frames that the task sends to `panes`.
    pub incarnation: u64,
    /// Frames sent so far.
    pub seq: u64,
    /// The next offset of `outcomes` to read.
    pub next: i64,
    /// Cursors of all sources.
    pub cursors: Cursors,
    /// What a rebuild needs beside the frames that it reads again.
    pub checkpoint: JoinCheckpoint,
    /// Digest of all other entries.
    pub digest: u64,
}

impl JoinHead {
    /// Refuses another number of partitions, and state of which a part is missing or old.
    pub(super) fn check(&self, digest: u64) -> Result<(), BadState> {
        same(
            "the number of outcomes partitions",
            i64::from(self.partitions),
            i64::from(INTERNAL_PARTITIONS),
        )?;
        if self.digest == digest {
            Ok(())
        } else {
            Err(BadState::Tampered)
        }
    }
}

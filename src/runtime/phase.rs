//! The phase of a worker: what it does with its partitions.

use std::time::Duration;

use super::port::TopicPartition;
use super::restore::Restoring;
use super::tasks::Tasks;

/// What a worker is doing.
pub enum WorkerPhase {
    /// It owns no partitions.
    Unassigned,
    /// It brings back the tasks of its partitions.
    Restoring {
        /// How far it has come.
        restoring: Box<Restoring>,
        /// The partitions it owns.
        assigned: Vec<TopicPartition>,
        /// Stopwatch time of the assignment.
        since: Duration,
    },
    /// It reads and flushes.
    Working(Tasks),
}

impl WorkerPhase {
    /// The partitions are known, but nothing of their state was read yet.
    #[must_use]
    pub fn unrestored(assigned: Vec<TopicPartition>, since: Duration) -> Self {
        Self::Restoring {
            restoring: Box::new(Restoring::unstarted()),
            assigned,
            since,
        }
    }
}

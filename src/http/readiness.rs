//! Whether the process is alive and ready, worker by worker.

use std::time::{Duration, Instant};

use serde::Serialize;

/// A worker whose loop did not turn for this long is stuck. Its longest wait, a commit, gives up earlier.
const HEARTBEAT_AGE_MAX: Duration = Duration::from_secs(30);

/// What a worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// It waits for the group to give it partitions.
    Joining,
    /// It reads state back.
    Restoring {
        /// Partitions it was given.
        partitions: usize,
        /// Records of state read so far.
        records: u64,
    },
    /// It works.
    Working {
        /// Partitions it was given.
        partitions: usize,
    },
}

/// A worker as it was last heard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkerState {
    /// Its number in this process.
    pub worker: usize,
    /// What it is doing.
    #[serde(flatten)]
    pub phase: Phase,
    /// Seconds since its loop last turned.
    pub heartbeat_age_secs: f64,
}

/// The answer of `/livez` and `/readyz`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Readiness {
    /// The loops of all workers turn.
    pub live: bool,
    /// All workers are live, and have restored what they were given.
    pub ready: bool,
    /// Why not, in one sentence.
    pub reason: Option<String>,
    /// Each worker.
    pub workers: Vec<WorkerState>,
}

/// What is kept of a worker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worker {
    pub phase: Phase,
    pub heard: Instant,
}

impl Worker {
    pub fn new(now: Instant) -> Self {
        Self {
            phase: Phase::Joining,
            heard: now,
        }
    }

    /// A new assignment, or none.
    pub fn restoring(&mut self, partitions: usize) {
        self.phase = match partitions {
            0 => Phase::Joining,
            partitions => Phase::Restoring {
                partitions,
                records: 0,
            },
        };
    }

    pub fn progress(&mut self, read: u64) {
        if let Phase::Restoring { records, .. } = &mut self.phase {
            *records = read;
        }
    }

    /// A member that was given no partition is ready, too: it is a spare.
    pub fn restored(&mut self) {
        self.phase = match self.phase {
            Phase::Joining => Phase::Working { partitions: 0 },
            Phase::Restoring { partitions, .. } | Phase::Working { partitions } => {
                Phase::Working { partitions }
            }
        };
    }
}

impl Readiness {
    pub(super) fn of(workers: &[Worker], now: Instant) -> Self {
        let workers: Vec<WorkerState> = (0..).zip(workers).map(|(n, w)| state(n, w, now)).collect();
        let stuck = workers.iter().find_map(why_not_live);
        let waiting = workers.iter().find_map(why_not_ready);
        let none = workers
            .is_empty()
            .then(|| "no worker was started yet".to_owned());
        let live = stuck.is_none();
        let reason = stuck.or(waiting).or(none);
        Self {
            live,
            ready: reason.is_none(),
            reason,
            workers,
        }
    }
}

fn state(number: usize, worker: &Worker, now: Instant) -> WorkerState {
    let age = now.saturating_duration_since(worker.heard);
    WorkerState {
        worker: number,
        phase: worker.phase,
        heartbeat_age_secs: age.as_secs_f64(),
    }
}

fn why_not_live(worker: &WorkerState) -> Option<String> {
    (worker.heartbeat_age_secs > HEARTBEAT_AGE_MAX.as_secs_f64()).then(|| {
        format!(
            "worker {} has not turned for {:.0} s",
            worker.worker, worker.heartbeat_age_secs
        )
    })
}

fn why_not_ready(worker: &WorkerState) -> Option<String> {
    match worker.phase {
        Phase::Working { .. } => None,
        Phase::Joining => Some(format!(
            "worker {} waits for partitions of the consumer group",
            worker.worker
        )),
        Phase::Restoring {
            partitions,
            records,
        } => Some(format!(
            "worker {} restores {partitions} partitions, {records} records of state so far",
            worker.worker
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_that_every_worker_restored_and_turns() {
        let now = Instant::now();
        assert!(!Readiness::of(&[], now).ready, "nothing runs yet");
        let mut worker = Worker::new(now);
        assert!(!Readiness::of(&[worker], now).ready, "no partitions yet");
        worker.restoring(4);
        worker.progress(17);
        let restoring = Readiness::of(&[worker], now);
        assert!(!restoring.ready && restoring.live);
        assert!(
            restoring
                .reason
                .is_some_and(|r| r.contains("4 partitions") && r.contains("17 records"))
        );
        worker.restored();
        assert!(Readiness::of(&[worker], now).ready);
        assert!(
            !Readiness::of(&[worker, Worker::new(now)], now).ready,
            "one of two is not enough"
        );
    }

    #[test]
    fn a_worker_that_does_not_turn_is_not_live() {
        let now = Instant::now();
        let mut worker = Worker::new(now);
        worker.restored();
        assert!(Readiness::of(&[worker], now + Duration::from_secs(29)).live);
        let stuck = Readiness::of(&[worker], now + Duration::from_secs(31));
        assert!(!stuck.live && !stuck.ready);
    }
}

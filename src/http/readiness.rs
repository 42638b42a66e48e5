//! Liveness and readiness of the process and of each worker.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::pipeline::observations::Progress;
use crate::runtime::Heartbeat;

/// Phase of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Waits until the group assigns partitions.
    Joining,
    /// Reads state back.
    Restoring {
        /// Assigned partitions.
        partitions: usize,
        /// Records of state read so far.
        records: u64,
    },
    /// Reads, judges and commits.
    Working {
        /// Assigned partitions.
        partitions: usize,
    },
}

/// Progress of the joins that a worker rebuilds from the outcomes topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rebuilding {
    /// Joins that are still incomplete.
    pub partitions: usize,
    /// Records read again.
    pub done: u64,
    /// Records in total.
    pub of: u64,
}

/// One worker, as the health pages show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkerState {
    /// Number of the worker in this process, from 0.
    pub worker: usize,
    /// Phase of the worker.
    #[serde(flatten)]
    pub phase: Phase,
    /// Progress of rebuilt joins; `null` once all are complete.
    pub rebuilding: Option<Rebuilding>,
    /// What it is doing.
    pub activity: &'static str,
    /// Seconds since it last moved. It moves at each turn of its loop, and before each call that may wait for a broker.
    pub heartbeat_age_secs: f64,
}

/// The answer of `/livez` and `/readyz`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Readiness {
    /// True if all workers move. Brokers that do not answer change nothing.
    pub live: bool,
    /// True if all workers are live and have restored their partitions.
    pub ready: bool,
    /// The reason if not ready, in one sentence.
    pub reason: Option<String>,
    /// All workers, by number.
    pub workers: Vec<WorkerState>,
}

/// Last known health of one worker.
#[derive(Debug, Clone)]
pub(super) struct WorkerHealth {
    pub phase: Phase,
    /// Progress of incomplete joins, by partition.
    rebuilding: BTreeMap<i32, Progress>,
    heartbeat: Heartbeat,
}

impl WorkerHealth {
    pub fn new(heartbeat: Heartbeat) -> Self {
        Self {
            phase: Phase::Joining,
            rebuilding: BTreeMap::new(),
            heartbeat,
        }
    }

    /// Starts a restore of `partitions`; 0 means that nothing is assigned.
    pub fn restoring(&mut self, partitions: usize) {
        self.rebuilding.clear();
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

    /// Keeps the progress of a join; `None` once it is complete.
    pub fn rebuilding(&mut self, partition: i32, progress: Option<Progress>) {
        match progress {
            Some(progress) => self.rebuilding.insert(partition, progress),
            None => self.rebuilding.remove(&partition),
        };
    }

    /// Time since the worker last moved.
    pub fn age(&self, now: Instant) -> Duration {
        self.heartbeat.age(now)
    }

    fn rebuilds(&self) -> Option<Rebuilding> {
        let joins = self.rebuilding.values();
        (!self.rebuilding.is_empty()).then(|| Rebuilding {
            partitions: self.rebuilding.len(),
            done: joins.clone().map(|rebuilt| rebuilt.done).sum(),
            of: joins.map(|rebuilt| rebuilt.of).sum(),
        })
    }

    /// Ends the restore. A worker without partitions is ready as well: it is a spare.
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
    pub(super) fn of<'a>(
        workers: impl IntoIterator<Item = &'a WorkerHealth>,
        now: Instant,
        heartbeat_age_max: Duration,
    ) -> Self {
        let workers: Vec<WorkerState> = (0..).zip(workers).map(|(n, w)| state(n, w, now)).collect();
        let stuck = workers
            .iter()
            .find_map(|worker| why_not_live(worker, heartbeat_age_max));
        let waiting = workers.iter().find_map(why_not_ready);
        let none = workers
            .is_empty()
            .then(|| "no worker has started yet".to_owned());
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

fn state(number: usize, worker: &WorkerHealth, now: Instant) -> WorkerState {
    WorkerState {
        worker: number,
        phase: worker.phase,
        rebuilding: worker.rebuilds(),
        activity: worker.heartbeat.activity().phrase(),
        heartbeat_age_secs: worker.age(now).as_secs_f64(),
    }
}

fn why_not_live(worker: &WorkerState, heartbeat_age_max: Duration) -> Option<String> {
    (worker.heartbeat_age_secs > heartbeat_age_max.as_secs_f64()).then(|| {
        format!(
            "worker {} has not moved for {:.0} s while {}",
            worker.worker, worker.heartbeat_age_secs, worker.activity
        )
    })
}

fn why_not_ready(worker: &WorkerState) -> Option<String> {
    match worker.phase {
        Phase::Working { .. } => worker.rebuilding.map(|rebuilding| {
            let Rebuilding {
                partitions,
                done,
                of,
            } = rebuilding;
            let worker = worker.worker;
            format!("worker {worker} rebuilds the joins of {partitions} partitions: {done} of {of} records read")
        }),
        Phase::Joining => Some(format!(
            "worker {} waits for partitions of the consumer group",
            worker.worker
        )),
        Phase::Restoring {
            partitions,
            records,
        } => Some(format!(
            "worker {} restores {partitions} partitions: {records} records of state read",
            worker.worker
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Activity;

    fn health_of<'a>(
        workers: impl IntoIterator<Item = &'a WorkerHealth>,
        now: Instant,
    ) -> Readiness {
        Readiness::of(workers, now, Duration::from_secs(60))
    }

    #[test]
    fn ready_means_that_every_worker_restored_and_turns() {
        let now = Instant::now();
        assert!(!health_of(&[], now).ready, "nothing runs yet");
        let mut worker = WorkerHealth::new(Heartbeat::default());
        assert!(
            !health_of(std::slice::from_ref(&worker), now).ready,
            "no partitions yet"
        );
        worker.restoring(4);
        worker.progress(17);
        let restoring = health_of(std::slice::from_ref(&worker), now);
        assert!(!restoring.ready && restoring.live);
        assert!(
            restoring
                .reason
                .is_some_and(|r| r.contains("4 partitions") && r.contains("17 records"))
        );
        worker.restored();
        assert!(health_of(std::slice::from_ref(&worker), now).ready);
        assert!(
            !health_of(&[worker, WorkerHealth::new(Heartbeat::default())], now).ready,
            "one of two is not enough"
        );
    }

    #[test]
    fn a_join_that_is_not_complete_keeps_the_worker_from_being_ready() {
        let now = Instant::now();
        let mut worker = WorkerHealth::new(Heartbeat::default());
        worker.restoring(2);
        worker.restored();
        worker.rebuilding(3, Some(Progress { done: 10, of: 40 }));
        worker.rebuilding(4, Some(Progress { done: 5, of: 60 }));
        let waiting = health_of(std::slice::from_ref(&worker), now);
        assert!(!waiting.ready && waiting.live);
        assert!(
            waiting
                .reason
                .is_some_and(|r| r.contains("2 partitions") && r.contains("15 of 100 records"))
        );
        worker.rebuilding(3, None);
        assert!(!health_of(std::slice::from_ref(&worker), now).ready);
        worker.rebuilding(4, None);
        assert!(health_of(std::slice::from_ref(&worker), now).ready);
        worker.rebuilding(4, Some(Progress { done: 0, of: 60 }));
        worker.restoring(1);
        worker.restored();
        assert!(health_of(&[worker], now).ready, "it moved elsewhere");
    }

    #[test]
    fn a_worker_that_does_not_turn_is_not_live() {
        let heartbeat = Heartbeat::default();
        heartbeat.beat(Activity::Polling);
        let mut worker = WorkerHealth::new(heartbeat);
        let now = Instant::now();
        worker.restored();
        assert!(health_of(std::slice::from_ref(&worker), now + Duration::from_secs(59)).live);
        let stuck = health_of(std::slice::from_ref(&worker), now + Duration::from_secs(61));
        assert!(!stuck.live && !stuck.ready);
        let reason = stuck.reason.unwrap_or_default();
        assert!(
            reason.contains("worker 0") && reason.contains("while polling"),
            "{reason}"
        );
    }
}

//! The crew: the threads of all workers of a process, watched from outside, and how the process ends.
//!
//! A process ends in two steps. First every worker commits, within the shutdown timeout. Then it leaves the group, within a
//! short time. Nothing can be lost in the second step, so a client that hangs there does not keep the process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::heartbeat::{Activity, Heartbeat};
use super::port::Fault;
use super::watchdog::{Hang, Watchdog};

/// Time between two looks at the workers.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Times that the crew keeps.
#[derive(Debug, Clone, Copy)]
pub struct CrewTimes {
    /// A worker that has not moved for this long hangs.
    pub watchdog: Duration,
    /// Time to commit, from the request to stop.
    pub commit: Duration,
    /// Time to leave the group, from the last worker's last commit.
    pub leave: Duration,
}

/// How the work of a crew ended.
#[derive(Debug)]
pub enum CrewEnd {
    /// Everything that was read is committed.
    Committed {
        /// Workers that had not left the group in time. Their partitions move when the session of the group expires.
        leaving: usize,
    },
    /// A worker met a fault that does not pass by itself.
    Failed(Fault),
    /// Some workers did not commit in time after the request to stop.
    Late {
        /// Number of these workers.
        workers: usize,
        /// What the first of them is doing.
        activity: Activity,
    },
    /// A worker does not move. Nothing that it did since its last commit is committed.
    Hung(Hang),
}

/// Where a worker reports how its work ended. Without a report the worker counts as panicked.
#[derive(Debug, Clone)]
pub struct WorkReport {
    outcome: Arc<OnceLock<Result<(), Fault>>>,
    stop: Arc<AtomicBool>,
}

impl WorkReport {
    /// The work is over: everything is committed, or a fault ended it. All other workers stop, too. Only the first report
    /// counts.
    pub fn done(&self, outcome: Result<(), Fault>) {
        let _first = self.outcome.set(outcome);
        self.stop.store(true, Ordering::Relaxed);
    }

    /// True once the workers shall stop.
    #[must_use]
    pub fn stop(&self) -> &AtomicBool {
        &self.stop
    }
}

/// The threads of all workers of a process.
#[derive(Debug)]
pub struct Crew {
    times: CrewTimes,
    stop: Arc<AtomicBool>,
    watchdog: Watchdog,
    members: Vec<CrewMember>,
}

#[derive(Debug)]
struct CrewMember {
    number: usize,
    heartbeat: Heartbeat,
    thread: JoinHandle<()>,
    outcome: Arc<OnceLock<Result<(), Fault>>>,
}

impl CrewMember {
    /// True once the worker has reported, or ended without a report.
    fn is_done(&self) -> bool {
        self.outcome.get().is_some() || self.thread.is_finished()
    }

    fn fault(&self) -> Option<Fault> {
        match self.outcome.get() {
            Some(outcome) => outcome.clone().err(),
            None if self.thread.is_finished() => Some(Fault::panicked()),
            None => None,
        }
    }
}

impl Crew {
    /// A crew without workers. It stops once `stop` is set.
    #[must_use]
    pub fn new(times: CrewTimes, stop: Arc<AtomicBool>) -> Self {
        Self {
            times,
            stop,
            watchdog: Watchdog::new(times.watchdog, Instant::now()),
            members: Vec::new(),
        }
    }

    /// Starts a worker on a thread of its own. `work` reports when it is done, and may then take its time to leave.
    ///
    /// # Errors
    /// When the system has no thread.
    pub fn start(
        &mut self,
        heartbeat: Heartbeat,
        work: impl FnOnce(&WorkReport) + Send + 'static,
    ) -> std::io::Result<()> {
        let number = self.members.len();
        let report = WorkReport {
            outcome: Arc::default(),
            stop: Arc::clone(&self.stop),
        };
        let outcome = Arc::clone(&report.outcome);
        let thread = std::thread::Builder::new()
            .name(format!("worker-{number}"))
            .spawn(move || work(&report))?;
        self.watchdog.watch(number, heartbeat.clone());
        self.members.push(CrewMember {
            number,
            heartbeat,
            thread,
            outcome,
        });
        Ok(())
    }

    /// Watches the workers until they have ended, a worker hangs, or a time is over.
    #[must_use]
    pub fn watch(mut self) -> CrewEnd {
        let mut stopping: Option<Instant> = None;
        while !self.members.iter().all(CrewMember::is_done) {
            if let Some(hang) = self.look() {
                return CrewEnd::Hung(hang);
            }
            if self.stop.load(Ordering::Relaxed) {
                let since = *stopping.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.times.commit {
                    break;
                }
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
        self.end()
    }

    fn look(&mut self) -> Option<Hang> {
        for member in self.members.iter().filter(|member| member.is_done()) {
            self.watchdog.release(member.number);
            // A worker without a report has stopped nobody yet.
            self.stop.store(true, Ordering::Relaxed);
        }
        self.watchdog.look(Instant::now())
    }

    fn end(self) -> CrewEnd {
        let fault = self.members.iter().find_map(CrewMember::fault);
        let late = || self.members.iter().filter(|member| !member.is_done());
        let (workers, activity) = (
            late().count(),
            late().map(|m| m.heartbeat.activity()).next(),
        );
        let leaving = self.wait_for_leave();
        match (fault, activity) {
            (Some(fault), _) => CrewEnd::Failed(fault),
            (None, Some(activity)) => CrewEnd::Late { workers, activity },
            (None, None) => CrewEnd::Committed { leaving },
        }
    }

    /// Waits until all workers that are done have left the group, for a limited time. Returns how many have not.
    fn wait_for_leave(&self) -> usize {
        let deadline = Instant::now() + self.times.leave;
        let leaving = || {
            let done = self.members.iter().filter(|member| member.is_done());
            done.filter(|member| !member.thread.is_finished()).count()
        };
        while leaving() > 0 && Instant::now() < deadline {
            std::thread::sleep(LOOK_INTERVAL);
        }
        leaving()
    }
}

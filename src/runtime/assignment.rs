//! How a worker gets its partitions, restores their tasks, and gives them back.

use std::time::Duration;

use super::clock_watch::ClockWatch;
use super::dead_letter_queue::DeadLetterQueue;
use super::heartbeat::Activity;
use super::idle::IdleWatch;
use super::observe;
use super::pace::Pace;
use super::phase::WorkerPhase;
use super::port::{Clock, Fault, Log, TopicPartition};
use super::progress::CommitProgress;
use super::restore::{Parked, Restoring, StartPolicy};
use super::worker::Worker;

/// How long revoked tasks stay in memory in case their partitions come back.
const PARKED_TIME_MAX: Duration = Duration::from_secs(120);
/// Pause after a passing fault.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

impl<L: Log, C: Clock> Worker<L, C> {
    /// Begins to restore the tasks of partitions that the group assigned.
    pub(super) fn assigned(&mut self, assigned: Vec<TopicPartition>) -> Result<(), Fault> {
        let partitions = assigned.len();
        tracing::info!(partitions, "partitions assigned; reading their state");
        self.begin_restore(assigned)
    }

    /// Begins to restore the tasks of `assigned`, the first time or once more.
    fn begin_restore(&mut self, assigned: Vec<TopicPartition>) -> Result<(), Fault> {
        let parked = match self.parked.take() {
            Some((since, tasks)) if self.clock.elapsed() - since < PARKED_TIME_MAX => tasks,
            _ => Parked::default(),
        };
        let since = self.clock.elapsed();
        // The assignment is kept before anything can fail: the next turn then tries again.
        self.phase = WorkerPhase::unrestored(assigned.clone(), since);
        self.meter.restoring(assigned.len());
        self.heartbeat.beat(Activity::Assigning);
        self.log.assign(&[])?;
        self.heartbeat.beat(Activity::Restoring);
        let restoring = Restoring::begin(&mut self.log, &self.plan, &assigned, parked)?;
        self.phase = WorkerPhase::Restoring {
            restoring: Box::new(restoring),
            assigned,
            since,
        };
        Ok(())
    }

    /// Flushes and gives all partitions back. Tasks are kept for a while if the flush succeeded.
    pub(super) fn revoked(&mut self) -> Result<(), Fault> {
        let flushed = self.flush(self.options.revoke_time_max);
        if let WorkerPhase::Working(tasks) =
            std::mem::replace(&mut self.phase, WorkerPhase::Unassigned)
            && flushed.is_ok()
        {
            self.parked = Some((self.clock.elapsed(), Parked::of(tasks)));
        }
        self.dead_letters = DeadLetterQueue::default();
        self.meter.restoring(0);
        self.heartbeat.beat(Activity::Assigning);
        self.log.unassign()?;
        // A flush that failed in passing loses nothing: the next owner reads the records again.
        match flushed {
            Err(Fault::Passing(_)) => Ok(()),
            other => other,
        }
    }

    /// Drops everything: the partitions already belong to another worker.
    pub(super) fn lost(&mut self) -> Result<(), Fault> {
        tracing::warn!(
            "the group took the partitions away; their new owner reads again what was not committed"
        );
        self.phase = WorkerPhase::Unassigned;
        self.parked = None;
        self.dead_letters = DeadLetterQueue::default();
        self.meter.restoring(0);
        self.heartbeat.beat(Activity::Assigning);
        self.log.unassign()
    }

    /// Drops everything uncommitted; the next turn restores the last commit from the log.
    pub(super) fn start_over(&mut self, why: &str) -> Result<(), Fault> {
        if let Some(repeated) = self.fault_lines.due(self.clock.elapsed()) {
            tracing::warn!(
                why,
                repeated,
                "temporary fault: continuing from the last commit"
            );
        }
        self.meter.aborted();
        self.dead_letters = DeadLetterQueue::default();
        std::thread::sleep(RETRY_PAUSE);
        let assigned = match std::mem::replace(&mut self.phase, WorkerPhase::Unassigned) {
            WorkerPhase::Unassigned => return Ok(()),
            WorkerPhase::Restoring { assigned, .. } => {
                self.restore_watch.failed(why);
                assigned
            }
            WorkerPhase::Working(tasks) => {
                let positions = tasks.positions(&self.plan.topics);
                positions.into_iter().map(|(at, _)| at).collect()
            }
        };
        self.phase = WorkerPhase::unrestored(assigned, self.clock.elapsed());
        Ok(())
    }

    /// Reads state for a moment if there is a restore; starts to work once all state was read.
    pub(super) fn restore_on(&mut self) -> Result<(), Fault> {
        let WorkerPhase::Restoring {
            restoring,
            assigned,
            since,
        } = &mut self.phase
        else {
            return Ok(());
        };
        if !restoring.is_started() {
            let assigned = assigned.clone();
            return self.begin_restore(assigned);
        }
        if !restoring.advance(&mut self.log)? {
            self.meter.restore_progress(restoring.records);
            return Ok(());
        }
        let took = self.clock.elapsed() - *since;
        // The phase keeps an unstarted restore, so that the next turn tries again if the last step fails.
        let restoring = std::mem::replace(restoring, Box::new(Restoring::unstarted()));
        self.finish_restore(*restoring, took)
    }

    fn finish_restore(&mut self, restoring: Restoring, took: Duration) -> Result<(), Fault> {
        let records = restoring.records;
        let policy = StartPolicy {
            first: self.options.first,
            incarnation: self.options.incarnation,
        };
        let tasks = restoring.finish(&mut self.log, &self.plan, policy)?;
        self.heartbeat.beat(Activity::Assigning);
        self.log.assign(&tasks.positions(&self.plan.topics))?;
        tracing::info!(records, took_ms = took.as_millis() as u64, "state restored");
        self.restore_watch.reset();
        self.meter.restored(took, records);
        self.progress = CommitProgress::default();
        self.progress.advance(&tasks, &self.plan.topics)?;
        observe::observe_restored(&*self.meter, &tasks);
        self.journal.restored(&tasks);
        self.idle = IdleWatch::default();
        self.clocks = ClockWatch::default();
        self.pace = Pace::default();
        self.phase = WorkerPhase::Working(tasks);
        Ok(())
    }
}

//! One worker: a plain thread that owns one consumer, one transactional producer and its tasks.
//!
//! Its loop polls, works and flushes. State changes in memory as records are read, and becomes durable when the
//! transaction of a flush commits. If the commit fails, the worker drops everything uncommitted and restores it from
//! the log.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::clock_watch::{ClockWatch, WatchTime};
use super::dead_letter_queue::DeadLetterQueue;
use super::flush;
use super::heartbeat::{Activity, Heartbeat};
use super::idle::{IdleCheck, IdleWatch};
use super::journal::Journal;
use super::line_limit::LineLimit;
use super::meter::Meter;
use super::observe::{self, LoggedOnce};
use super::pace::Pace;
use super::phase::WorkerPhase;
use super::port::{Clock, Fault, FirstStart, Log, LogEvent, Message, TopicPartition};
use super::progress::CommitProgress;
use super::restore::Parked;
use super::stall_watch::StallWatch;
use super::tasks::{self, Tasks};
use crate::pipeline::Plan;
use crate::pipeline::evaluate::Evaluate;
use crate::pipeline::ingest::Disposition;
use crate::pipeline::join::JoinTask;
use crate::pipeline::stage::Stage;

/// How long a poll waits if no stage has work.
const POLL_TIMEOUT: Duration = Duration::from_millis(50);
/// How long each stage may work between two polls. A jump of the clock must not delay the poll so long that the group
/// drops the worker.
const STEP_TIME_MAX: Duration = Duration::from_millis(200);
/// Bytes in the outboxes of all evaluate tasks that force a flush before its time.
const OUTBOX_BYTES_MAX: usize = 32 << 20;
/// Time of one transaction, with its abort. Three calls of the client may each take their whole timeout in it; and it is
/// short beside `max.poll.interval.ms`, because the worker does not poll meanwhile.
const COMMIT_TIME_MAX: Duration = Duration::from_secs(30);
/// Messages that are read before the worker checks whether a flush is due.
const MESSAGES_PER_TURN: usize = 256;

/// Options of a worker, in addition to the plan.
#[derive(Debug, Clone)]
pub struct Options {
    /// Time between two flushes. A longer interval delays alerts; a shorter one costs more transactions.
    pub flush_interval: Duration,
    /// Time between two checkpoints of the open panes. It bounds what a restart reads again.
    pub checkpoint_interval: Duration,
    /// Where a new group begins to read.
    pub first: FirstStart,
    /// The incarnation of new sources; random for each start of the process.
    pub incarnation: u64,
    /// Time that a restore may take without progress, while brokers answer, before the clients are made anew; and once more
    /// before the process ends. It must be longer than the brokers take to abort an abandoned transaction, for which a
    /// restore waits.
    pub restore_stall_max: Duration,
    /// Time that a worker may wait for the group to assign partitions, while brokers answer, before the clients are made anew; and
    /// once more before the process ends. It must be longer than the group waits for a member that does not poll.
    pub join_stall_max: Duration,
    /// Time of the last transaction before partitions are given back. The other members of the group wait for it.
    pub revoke_time_max: Duration,
}

/// What one poll returned, without the message.
enum PollOutcome {
    Taken,
    Assigned(Vec<TopicPartition>),
    Revoked,
    Lost,
    Nothing,
}

/// One worker over a log and a clock.
pub struct Worker<L: Log, C: Clock> {
    pub(super) log: L,
    pub(super) clock: C,
    pub(super) plan: Arc<Plan>,
    pub(super) options: Options,
    pub(super) meter: Arc<dyn Meter>,
    pub(super) heartbeat: Heartbeat,
    pub(super) phase: WorkerPhase,
    pub(super) dead_letters: DeadLetterQueue<L::Original>,
    pub(super) parked: Option<(Duration, Parked)>,
    flushed_at: Duration,
    checkpointed_at: Duration,
    pub(super) idle: IdleWatch,
    pub(super) clocks: ClockWatch,
    pub(super) pace: Pace,
    pub(super) progress: CommitProgress,
    pub(super) join_watch: StallWatch,
    pub(super) restore_watch: StallWatch,
    /// Lines about faults for which the worker starts over.
    pub(super) fault_lines: LineLimit,
    /// Lines about checks that are repeated later.
    check_lines: LineLimit,
    was_rebuilding: bool,
    pub(super) journal: Journal,
    /// What was already logged.
    logged: LoggedOnce,
}

impl<L: Log, C: Clock> Worker<L, C> {
    /// A worker that joins the group at the first [`Worker::turn`].
    pub fn new(
        log: L,
        clock: C,
        plan: Arc<Plan>,
        options: Options,
        meter: Arc<dyn Meter>,
        heartbeat: Heartbeat,
    ) -> Self {
        let now = clock.elapsed();
        let join_watch = StallWatch::new(options.join_stall_max);
        let restore_watch = StallWatch::new(options.restore_stall_max);
        Self {
            log,
            clock,
            plan,
            options,
            meter,
            heartbeat,
            phase: WorkerPhase::Unassigned,
            dead_letters: DeadLetterQueue::default(),
            parked: None,
            flushed_at: now,
            checkpointed_at: now,
            idle: IdleWatch::default(),
            clocks: ClockWatch::default(),
            pace: Pace::default(),
            progress: CommitProgress::default(),
            join_watch,
            restore_watch,
            fault_lines: LineLimit::default(),
            check_lines: LineLimit::default(),
            was_rebuilding: false,
            journal: Journal::default(),
            logged: LoggedOnce::default(),
        }
    }

    /// Works until `stop` is set, then commits and leaves the group. `done` hears the outcome *before* the worker leaves the
    /// group: the client may hang there, and nothing can be lost any more. The outcome is a fault if it does not pass by
    /// itself; its message says how to mend it. A panic is a fault, too, and is heard before the client is closed.
    pub fn run(mut self, stop: &AtomicBool, done: impl FnOnce(Result<(), Fault>)) {
        let worked = catch_unwind(AssertUnwindSafe(|| self.work_until(stop)));
        done(worked.unwrap_or_else(|_| Err(Fault::panicked())));
        self.heartbeat.beat(Activity::Leaving);
        self.log.close();
    }

    fn work_until(&mut self, stop: &AtomicBool) -> Result<(), Fault> {
        while !stop.load(Ordering::Relaxed) {
            self.turn()?;
        }
        self.last_flush()
    }

    /// One turn of the loop: reads messages, lets the stages work, and flushes if it is time.
    ///
    /// # Errors
    /// A fault that does not pass by itself.
    pub fn turn(&mut self) -> Result<(), Fault> {
        match self.poll_and_work() {
            Err(Fault::Passing(why)) => self.start_over(&why)?,
            other => self.counted(other)?,
        }
        self.watch_stalls()
    }

    /// Counts and logs an invariant that does not hold.
    fn counted(&self, outcome: Result<(), Fault>) -> Result<(), Fault> {
        if let Err(Fault::Violation { id, why }) = &outcome {
            tracing::error!(invariant = id.kind(), "{why}");
            self.meter.violation(*id, 1);
        }
        outcome
    }

    fn poll_and_work(&mut self) -> Result<(), Fault> {
        self.heartbeat.beat(Activity::Polling);
        self.take_messages()?;
        self.heartbeat.beat(Activity::Restoring);
        self.restore_on()?;
        self.observe_rebuilding();
        self.heartbeat.beat(Activity::Evaluating);
        self.work()?;
        self.heartbeat.beat(Activity::Comparing);
        self.check_idle_sources()?;
        self.keep_pace()?;
        self.flush_if_due()?;
        self.report_clocks();
        Ok(())
    }

    /// Reads messages until there are none, memory is full, or the group changes the assignment.
    fn take_messages(&mut self) -> Result<(), Fault> {
        let mut timeout = if self.has_work() {
            Duration::ZERO
        } else {
            POLL_TIMEOUT
        };
        for _ in 0..MESSAGES_PER_TURN {
            match self.take_one(timeout)? {
                PollOutcome::Taken if self.dead_letters.is_full() => return Ok(()),
                PollOutcome::Taken => timeout = Duration::ZERO,
                PollOutcome::Assigned(partitions) => return self.assigned(partitions),
                PollOutcome::Revoked => return self.revoked(),
                PollOutcome::Lost => return self.lost(),
                PollOutcome::Nothing => return Ok(()),
            }
        }
        Ok(())
    }

    /// Polls once. A message goes to its task at once, because it lives only until the next poll.
    fn take_one(&mut self, timeout: Duration) -> Result<PollOutcome, Fault> {
        Ok(match self.log.poll(timeout)? {
            LogEvent::Message(message) => {
                if let WorkerPhase::Working(tasks) = &mut self.phase {
                    take(
                        tasks,
                        &self.plan,
                        &mut self.dead_letters,
                        &self.clock,
                        &message,
                    )?;
                }
                PollOutcome::Taken
            }
            LogEvent::Assigned(partitions) => PollOutcome::Assigned(partitions),
            LogEvent::Revoked => PollOutcome::Revoked,
            LogEvent::Lost => PollOutcome::Lost,
            LogEvent::Nothing => PollOutcome::Nothing,
        })
    }

    fn has_work(&self) -> bool {
        match &self.phase {
            WorkerPhase::Unassigned => false,
            WorkerPhase::Restoring { .. } => true,
            WorkerPhase::Working(tasks) => tasks.has_work(),
        }
    }

    /// Reports the progress of joins that read frames again, until the last one is done.
    fn observe_rebuilding(&mut self) {
        let WorkerPhase::Working(tasks) = &self.phase else {
            return;
        };
        let is_rebuilding = tasks.join.values().any(|join| join.intake().is_replaying());
        if is_rebuilding || self.was_rebuilding {
            observe::observe_joins(&*self.meter, tasks);
        }
        self.was_rebuilding = is_rebuilding;
    }

    /// Lets join and evaluate work for a moment. Each stage has time of its own: labels must not hold up drift.
    fn work(&mut self) -> Result<(), Fault> {
        let WorkerPhase::Working(tasks) = &mut self.phase else {
            return Ok(());
        };
        tasks::work(&mut tasks.join, &self.clock, STEP_TIME_MAX)?;
        tasks::work(&mut tasks.evaluate, &self.clock, STEP_TIME_MAX)?;
        Ok(())
    }

    fn idle_check(&self) -> IdleCheck {
        let timeout = u64::try_from(self.plan.idle_timeout_millis).unwrap_or(0);
        IdleCheck {
            now: self.clock.elapsed(),
            wall: self.clock.now(),
            timeout: Duration::from_millis(timeout),
            ticks: self.plan.ticks,
        }
    }

    fn pass_markers(&mut self) -> Result<(), Fault> {
        let check = self.idle_check();
        let WorkerPhase::Working(tasks) = &mut self.phase else {
            return Ok(());
        };
        self.idle.pass_markers(&mut self.log, tasks, check)
    }

    fn check_idle_sources(&mut self) -> Result<(), Fault> {
        let check = self.idle_check();
        let WorkerPhase::Working(tasks) = &mut self.phase else {
            return Ok(());
        };
        let looked = self.idle.look(&mut self.log, tasks, &self.pace, check);
        let instead = "cannot check for idle sources; trying again later";
        unless_fatal(looked, instead, &mut self.check_lines, check.now)
    }

    fn keep_pace(&mut self) -> Result<(), Fault> {
        let WorkerPhase::Working(tasks) = &mut self.phase else {
            return Ok(());
        };
        let now = self.clock.elapsed();
        let kept = self.pace.keep(&mut self.log, &self.plan, tasks, now);
        let instead = "cannot pace the sources; continuing with the last known watermarks";
        unless_fatal(kept, instead, &mut self.check_lines, now)
    }

    /// Shows and logs what the clocks wait for.
    fn report_clocks(&mut self) {
        let WorkerPhase::Working(tasks) = &self.phase else {
            return;
        };
        let at = WatchTime {
            now: self.clock.elapsed(),
            wall: self.clock.now(),
        };
        if let Some(report) = self.clocks.report(tasks, &self.pace, &self.plan, at) {
            self.meter.observe_clocks(&report);
        }
    }

    fn flush_if_due(&mut self) -> Result<(), Fault> {
        let now = self.clock.elapsed();
        let WorkerPhase::Working(tasks) = &mut self.phase else {
            return Ok(());
        };
        let outbox_bytes = tasks.evaluate.values().map(Evaluate::outbox_bytes);
        let is_full = self.dead_letters.is_full()
            || tasks.ingest.values().any(|task| task.ingest.is_full())
            || tasks.join.values().any(JoinTask::is_full)
            || outbox_bytes.sum::<usize>() >= OUTBOX_BYTES_MAX;
        if !is_full && now - self.flushed_at < self.options.flush_interval {
            return Ok(());
        }
        if now - self.checkpointed_at >= self.options.checkpoint_interval {
            self.checkpointed_at = now;
            for evaluate in tasks.evaluate.values_mut() {
                evaluate.checkpoint()?;
            }
        }
        self.flush(COMMIT_TIME_MAX)
    }

    /// Commits everything since the last flush in one transaction, or gives it up after `within`.
    pub(super) fn flush(&mut self, within: Duration) -> Result<(), Fault> {
        self.heartbeat.beat(Activity::Gathering);
        self.flushed_at = self.clock.elapsed();
        self.journal.tick(self.flushed_at);
        let WorkerPhase::Working(tasks) = &mut self.phase else {
            return Ok(());
        };
        let gathered = flush::gather(
            tasks,
            &self.plan,
            self.dead_letters.take(),
            self.clock.now(),
        )?;
        self.progress.advance(tasks, &self.plan.topics)?;
        if gathered.batch.records.is_empty() {
            return Ok(());
        }
        let records = gathered.batch.records.len();
        self.meter.flushed(
            self.clock.elapsed() - self.flushed_at,
            gathered.batch.bytes(),
        );
        let begun = self.clock.elapsed();
        self.heartbeat.beat(Activity::Committing);
        self.log.commit(gathered.batch, within)?;
        let took = self.clock.elapsed() - begun;
        tracing::debug!(records, took_ms = took.as_millis() as u64, "committed");
        self.meter.committed(took);
        gathered.report.observe(&*self.meter, &mut self.logged);
        self.journal.note(&gathered.report);
        Ok(())
    }

    fn last_flush(&mut self) -> Result<(), Fault> {
        if let Err(fault) = self.pass_markers() {
            tracing::debug!(%fault, "cannot look for markers at the ends of the inputs");
        }
        match self.flush(COMMIT_TIME_MAX) {
            Err(Fault::Passing(why)) => {
                tracing::warn!(
                    why,
                    "the last flush failed; its records are read again at the next start"
                );
                Ok(())
            }
            other => self.counted(other),
        }
    }

    /// The tasks; `None` unless the worker is working. For tests and status pages.
    pub fn tasks(&self) -> Option<&Tasks> {
        match &self.phase {
            WorkerPhase::Working(tasks) => Some(tasks),
            WorkerPhase::Unassigned | WorkerPhase::Restoring { .. } => None,
        }
    }
}

/// Logs a passing fault of a check and goes on: nothing that was read is lost, and the check is repeated later.
fn unless_fatal(
    checked: Result<(), Fault>,
    instead: &'static str,
    lines: &mut LineLimit,
    now: Duration,
) -> Result<(), Fault> {
    match checked {
        Err(Fault::Passing(why)) => {
            if let Some(repeated) = lines.due(now) {
                tracing::warn!(why, repeated, "{instead}");
            }
            Ok(())
        }
        other => other,
    }
}

/// Hands one message to its task.
fn take<M: Message>(
    tasks: &mut Tasks,
    plan: &Plan,
    dead_letters: &mut DeadLetterQueue<M::Original>,
    clock: &impl Clock,
    message: &M,
) -> Result<(), Fault> {
    let topic = message.topic();
    if topic == plan.topics.panes {
        return tasks::submit(&mut tasks.evaluate, message);
    }
    if topic == plan.topics.outcomes {
        return tasks::submit(&mut tasks.join, message);
    }
    let Some(task) = tasks.task_mut(topic, message.partition()) else {
        return Ok(());
    };
    task.read_at = Some(clock.elapsed());
    let (offset, record) = (message.offset(), message.record());
    if let Disposition::Rejected(reason) = task.ingest.submit(offset, &record, clock.latest()) {
        let field = task.ingest.field_at_fault(&record, reason);
        dead_letters.push(message, reason, field);
    }
    Ok(())
}

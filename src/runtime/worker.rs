//! One worker: a plain thread that owns one consumer, one transactional producer and its tasks.
//!
//! Poll, step, flush, in a straight line. State changes in memory as records are read and becomes true when the
//! transaction of the flush commits; when it does not, everything uncommitted is dropped and restored from the log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::flush;
use super::idle;
use super::meter::Meter;
use super::observe;
use super::pace::Pace;
use super::port::{Clock, Fault, FirstStart, Log, LogEvent, Message, Outgoing, TopicPartition};
use super::progress::CommitProgress;
use super::restore::{Parked, Restoring, StartPolicy};
use super::tasks::Tasks;
use crate::event::Reject;
use crate::pipeline::Plan;
use crate::pipeline::ingest::Disposition;
use crate::pipeline::invariant::InvariantId;
use crate::pipeline::join::JoinTask;
use crate::pipeline::stop::Stop;

/// How long a poll waits while there is nothing else to do.
const POLL_TIMEOUT: Duration = Duration::from_millis(50);
/// How long evaluate may judge between two polls: a jump of the clock must not starve the group's heartbeat.
const STEP_TIME_MAX: Duration = Duration::from_millis(200);
/// How long revoked state stays in memory in case it comes back.
const PARKED_TIME_MAX: Duration = Duration::from_secs(120);
/// Bytes of effects that force a flush before its time.
const EFFECT_BYTES_MAX: usize = 32 << 20;
/// Dead letters that force one.
const DEAD_LETTERS_MAX: usize = 1_000;
/// Messages taken between two looks at the stopwatch.
const MESSAGES_PER_TURN: usize = 256;
/// Pause after a passing fault.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// What a worker is told beside the plan.
#[derive(Debug, Clone)]
pub struct Options {
    /// Time between two flushes: what an alert waits for, and what a transaction costs.
    pub flush_interval: Duration,
    /// Time between two checkpoints of the open panes: bounds what a restart reads again.
    pub checkpoint_interval: Duration,
    /// Where a new group begins.
    pub first: FirstStart,
    /// The life that new sources begin; random per start.
    pub incarnation: u64,
}

/// What a worker is doing.
enum Phase {
    Unassigned,
    Restoring {
        restoring: Box<Restoring>,
        assigned: Vec<TopicPartition>,
        since: Duration,
    },
    Working(Tasks),
}

/// Refused records on their way to the dead-letter topic, bounded by number and by bytes.
struct DeadLetters<O> {
    letters: Vec<Outgoing<O>>,
    bytes: usize,
}

impl<O> Default for DeadLetters<O> {
    fn default() -> Self {
        Self {
            letters: Vec::new(),
            bytes: 0,
        }
    }
}

impl<O> DeadLetters<O> {
    fn push<M: Message<Original = O>>(&mut self, message: &M, reason: Reject) {
        let payload = message.record().payload.map_or(0, <[u8]>::len);
        self.bytes += payload + message.key().map_or(0, <[u8]>::len);
        self.letters.push(Outgoing::DeadLetter {
            original: message.original(),
            reason,
        });
    }

    fn is_full(&self) -> bool {
        self.letters.len() >= DEAD_LETTERS_MAX || self.bytes >= EFFECT_BYTES_MAX
    }
}

/// What one poll brought, without the message.
enum Turn {
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
    phase: Phase,
    dead_letters: DeadLetters<L::Original>,
    parked: Option<(Duration, Parked)>,
    flushed_at: Duration,
    checkpointed_at: Duration,
    idle_checked_at: Option<Duration>,
    pace: Pace,
    progress: CommitProgress,
    was_rebuilding: bool,
    /// Invariants whose violation is logged already.
    logged: BTreeSet<InvariantId>,
}

impl<L: Log, C: Clock> Worker<L, C> {
    /// A worker that has not joined yet; the first [`Worker::turn`] does.
    pub fn new(log: L, clock: C, plan: Arc<Plan>, options: Options, meter: Arc<dyn Meter>) -> Self {
        let now = clock.elapsed();
        Self {
            log,
            clock,
            plan,
            options,
            meter,
            phase: Phase::Unassigned,
            dead_letters: DeadLetters::default(),
            parked: None,
            flushed_at: now,
            checkpointed_at: now,
            idle_checked_at: None,
            pace: Pace::default(),
            progress: CommitProgress::default(),
            was_rebuilding: false,
            logged: BTreeSet::new(),
        }
    }

    /// Works until `stop` is set, then flushes and leaves the group.
    ///
    /// # Errors
    /// A fault that does not pass by itself; the message says how to mend it.
    pub fn run(mut self, stop: &AtomicBool) -> Result<(), Fault> {
        while !stop.load(Ordering::Relaxed) {
            self.turn()?;
        }
        let flushed = self.leave();
        self.log.close();
        flushed
    }

    /// One turn of the loop: takes what the log has, judges, flushes when it is time.
    ///
    /// # Errors
    /// A fault that does not pass by itself.
    pub fn turn(&mut self) -> Result<(), Fault> {
        self.meter.heartbeat();
        match self.poll_and_work() {
            Err(Fault::Passing(why)) => self.start_over(&why),
            other => self.counted(other),
        }
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
        self.take_messages()?;
        self.restore_on()?;
        self.observe_rebuilding();
        self.judge()?;
        self.look_for_idle_sources()?;
        self.keep_pace()?;
        self.flush_if_due()
    }

    /// Takes messages until there are none, the flush is due or the group wants something.
    fn take_messages(&mut self) -> Result<(), Fault> {
        let mut timeout = if self.has_work() {
            Duration::ZERO
        } else {
            POLL_TIMEOUT
        };
        for _ in 0..MESSAGES_PER_TURN {
            match self.take_one(timeout)? {
                Turn::Taken if self.dead_letters.is_full() => return Ok(()),
                Turn::Taken => timeout = Duration::ZERO,
                Turn::Assigned(partitions) => return self.assigned(partitions),
                Turn::Revoked => return self.revoked(),
                Turn::Lost => return self.lost(),
                Turn::Nothing => return Ok(()),
            }
        }
        Ok(())
    }

    /// Polls once; a message goes straight to its task, because it lives only until the next poll.
    fn take_one(&mut self, timeout: Duration) -> Result<Turn, Fault> {
        Ok(match self.log.poll(timeout)? {
            LogEvent::Message(message) => {
                if let Phase::Working(tasks) = &mut self.phase {
                    take(
                        tasks,
                        &self.plan,
                        &mut self.dead_letters,
                        self.clock.elapsed(),
                        &message,
                    )?;
                }
                Turn::Taken
            }
            LogEvent::Assigned(partitions) => Turn::Assigned(partitions),
            LogEvent::Revoked => Turn::Revoked,
            LogEvent::Lost => Turn::Lost,
            LogEvent::Nothing => Turn::Nothing,
        })
    }

    fn has_work(&self) -> bool {
        match &self.phase {
            Phase::Unassigned => false,
            Phase::Restoring { .. } => true,
            Phase::Working(tasks) => tasks.has_work(),
        }
    }

    fn assigned(&mut self, assigned: Vec<TopicPartition>) -> Result<(), Fault> {
        let parked = match self.parked.take() {
            Some((since, tasks)) if self.clock.elapsed() - since < PARKED_TIME_MAX => tasks,
            _ => Parked::default(),
        };
        tracing::info!(
            partitions = assigned.len(),
            "partitions assigned; reading their state"
        );
        let since = self.clock.elapsed();
        // First of all it is remembered what is ours: whatever fails below is tried again at the next turn.
        self.phase = Phase::Restoring {
            restoring: Box::new(Restoring::unstarted()),
            assigned: assigned.clone(),
            since,
        };
        self.meter.restoring(assigned.len());
        self.log.assign(&[])?;
        let restoring = Restoring::begin(&mut self.log, &self.plan, &assigned, parked)?;
        self.phase = Phase::Restoring {
            restoring: Box::new(restoring),
            assigned,
            since,
        };
        Ok(())
    }

    fn revoked(&mut self) -> Result<(), Fault> {
        let flushed = self.flush();
        if let Phase::Working(tasks) = std::mem::replace(&mut self.phase, Phase::Unassigned)
            && flushed.is_ok()
        {
            self.parked = Some((self.clock.elapsed(), Parked::of(tasks)));
        }
        self.dead_letters = DeadLetters::default();
        self.meter.restoring(0);
        self.log.unassign()?;
        // A flush that failed here cost nothing: whoever gets the partitions reads them again.
        match flushed {
            Err(Fault::Passing(_)) => Ok(()),
            other => other,
        }
    }

    fn lost(&mut self) -> Result<(), Fault> {
        tracing::warn!(
            "the group took the partitions away; their new owner reads again what was not committed"
        );
        self.phase = Phase::Unassigned;
        self.parked = None;
        self.dead_letters = DeadLetters::default();
        self.meter.restoring(0);
        self.log.unassign()
    }

    /// Drops everything uncommitted and goes back to what the log has.
    fn start_over(&mut self, why: &str) -> Result<(), Fault> {
        tracing::warn!(why, "temporary fault: continuing from the last commit");
        self.meter.aborted();
        self.dead_letters = DeadLetters::default();
        std::thread::sleep(RETRY_PAUSE);
        let assigned = match std::mem::replace(&mut self.phase, Phase::Unassigned) {
            Phase::Unassigned => return Ok(()),
            Phase::Restoring { assigned, .. } => assigned,
            Phase::Working(tasks) => tasks
                .positions(&self.plan.topics)
                .into_iter()
                .map(|(at, _)| at)
                .collect(),
        };
        self.phase = Phase::Restoring {
            restoring: Box::new(Restoring::unstarted()),
            assigned,
            since: self.clock.elapsed(),
        };
        Ok(())
    }

    fn restore_on(&mut self) -> Result<(), Fault> {
        let Phase::Restoring {
            restoring,
            assigned,
            since,
        } = &mut self.phase
        else {
            return Ok(());
        };
        if !restoring.is_started() {
            let assigned = assigned.clone();
            return self.assigned(assigned);
        }
        if !restoring.advance(&mut self.log)? {
            self.meter.restore_progress(restoring.records);
            return Ok(());
        }
        let took = self.clock.elapsed() - *since;
        // What is left behind is an assignment to begin again with, should the last step fail.
        let restoring = std::mem::replace(restoring, Box::new(Restoring::unstarted()));
        let records = restoring.records;
        let beginning = StartPolicy {
            first: self.options.first,
            incarnation: self.options.incarnation,
        };
        let tasks = restoring.finish(&mut self.log, &self.plan, beginning)?;
        self.log.assign(&tasks.positions(&self.plan.topics))?;
        tracing::info!(records, took_ms = took.as_millis() as u64, "state restored");
        self.meter.restored(took, records);
        self.progress = CommitProgress::default();
        self.progress.advance(&tasks, &self.plan.topics)?;
        observe::observe_restored(&*self.meter, &tasks);
        self.idle_checked_at = None;
        self.pace = Pace::default();
        self.phase = Phase::Working(tasks);
        Ok(())
    }

    /// Says how far the joins are that rebuild their entries, until the last of them is done.
    fn observe_rebuilding(&mut self) {
        let Phase::Working(tasks) = &self.phase else {
            return;
        };
        let is_rebuilding = tasks.join.values().any(JoinTask::is_replaying);
        if is_rebuilding || self.was_rebuilding {
            observe::observe_joins(&*self.meter, tasks);
        }
        self.was_rebuilding = is_rebuilding;
    }

    /// Lets join and evaluate work what their clocks have passed, for a moment.
    fn judge(&mut self) -> Result<(), Fault> {
        let Phase::Working(tasks) = &mut self.phase else {
            return Ok(());
        };
        // Each task has a share of its own: a load of labels must not hold up drift, nor one model's backlog another's.
        let share = |tasks: usize| STEP_TIME_MAX / u32::try_from(tasks.max(1)).unwrap_or(1);
        let of_joins = share(tasks.join.values().filter(|join| join.has_work()).count());
        for join in tasks.join.values_mut() {
            let begun = self.clock.elapsed();
            while join.has_work() && !join.is_full() && self.clock.elapsed() - begun < of_joins {
                join.step()?;
            }
        }
        let of_evaluates = share(
            tasks
                .evaluate
                .values()
                .filter(|task| task.has_work())
                .count(),
        );
        for evaluate in tasks.evaluate.values_mut() {
            let begun = self.clock.elapsed();
            while evaluate.has_work() && self.clock.elapsed() - begun < of_evaluates {
                evaluate.step()?;
            }
        }
        Ok(())
    }

    fn look_for_idle_sources(&mut self) -> Result<(), Fault> {
        let now = self.clock.elapsed();
        let timeout =
            Duration::from_millis(u64::try_from(self.plan.idle_timeout_millis).unwrap_or(0));
        if !self.plan.ticks {
            return Ok(()); // nothing may follow the wall clock, so nothing needs to be asked
        }
        let Phase::Working(tasks) = &mut self.phase else {
            return Ok(());
        };
        let interval = idle::check_interval(timeout);
        if self
            .idle_checked_at
            .is_some_and(|checked| now - checked < interval)
        {
            return Ok(());
        }
        self.idle_checked_at = Some(now);
        let advanced = idle::advance(
            &mut self.log,
            tasks,
            &self.pace,
            now,
            self.clock.now(),
            timeout,
        );
        unless_fatal(
            advanced,
            "cannot check for idle sources; trying again later",
        )
    }

    fn keep_pace(&mut self) -> Result<(), Fault> {
        let Phase::Working(tasks) = &mut self.phase else {
            return Ok(());
        };
        let kept = self
            .pace
            .keep(&mut self.log, &self.plan, tasks, self.clock.elapsed());
        unless_fatal(
            kept,
            "cannot pace the sources; continuing with the last known watermarks",
        )
    }

    fn flush_if_due(&mut self) -> Result<(), Fault> {
        let now = self.clock.elapsed();
        let Phase::Working(tasks) = &mut self.phase else {
            return Ok(());
        };
        let full = self.dead_letters.is_full()
            || tasks.ingest.values().any(|task| task.ingest.is_full())
            || tasks.join.values().any(JoinTask::is_full)
            || tasks
                .evaluate
                .values()
                .map(|e| e.outbox_bytes())
                .sum::<usize>()
                >= EFFECT_BYTES_MAX;
        if !full && now - self.flushed_at < self.options.flush_interval {
            return Ok(());
        }
        if now - self.checkpointed_at >= self.options.checkpoint_interval {
            self.checkpointed_at = now;
            for evaluate in tasks.evaluate.values_mut() {
                evaluate.checkpoint()?;
            }
        }
        self.flush()
    }

    /// Everything since the last flush, in one transaction.
    fn flush(&mut self) -> Result<(), Fault> {
        self.flushed_at = self.clock.elapsed();
        let Phase::Working(tasks) = &mut self.phase else {
            return Ok(());
        };
        let dead_letters = std::mem::take(&mut self.dead_letters);
        let gathered = flush::gather(tasks, &self.plan, dead_letters.letters)?;
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
        self.log.commit(gathered.batch)?;
        let took = self.clock.elapsed() - begun;
        tracing::debug!(records, took_ms = took.as_millis() as u64, "committed");
        self.meter.committed(took);
        gathered.news.observe(&*self.meter, &mut self.logged);
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Fault> {
        match self.flush() {
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

    /// The tasks, while working; for those who look on.
    pub fn tasks(&self) -> Option<&Tasks> {
        match &self.phase {
            Phase::Working(tasks) => Some(tasks),
            _ => None,
        }
    }
}

/// A look that failed in passing costs nothing that was read: what it would have changed waits for the next look.
fn unless_fatal(looked: Result<(), Fault>, instead: &'static str) -> Result<(), Fault> {
    match looked {
        Err(Fault::Passing(why)) => {
            tracing::warn!(why, instead);
            Ok(())
        }
        other => other,
    }
}

/// Hands one message to its task.
fn take<M: Message>(
    tasks: &mut Tasks,
    plan: &Plan,
    dead_letters: &mut DeadLetters<M::Original>,
    now: Duration,
    message: &M,
) -> Result<(), Fault> {
    if message.topic() == plan.topics.panes || message.topic() == plan.topics.outcomes {
        return Ok(take_frames(tasks, plan, message)?);
    }
    let Some(task) = tasks.task_mut(message.topic(), message.partition()) else {
        return Ok(());
    };
    task.quiet_since = Some(now);
    if let Disposition::Rejected(reason) = task.ingest.submit(message.offset(), &message.record()) {
        dead_letters.push(message, reason);
    }
    Ok(())
}

/// Hands a record of frames to the stage behind its topic.
fn take_frames<M: Message>(tasks: &mut Tasks, plan: &Plan, message: &M) -> Result<(), Stop> {
    let (partition, offset) = (message.partition(), message.offset());
    let bytes = message.record().payload.unwrap_or_default();
    if message.topic() == plan.topics.panes {
        let evaluate = tasks.evaluate.get_mut(&partition);
        evaluate.map_or(Ok(()), |task| task.submit(offset, bytes))
    } else {
        let join = tasks.join.get_mut(&partition);
        join.map_or(Ok(()), |task| task.submit(offset, bytes))
    }
}

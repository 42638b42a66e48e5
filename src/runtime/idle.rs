//! Idle sources: decides when the watermark of a source may follow the wall clock.
//!
//! A source is idle if it was read to its end and its log is quiet: no further record comes, and no transaction is open
//! whose records would be late once it commits. Its log is quiet
//!
//! - if its end has not moved for the idle timeout, whether the source was read meanwhile or not; or
//! - *at once*, if its end has not moved since somebody first looked at it, [`STILL_MIN`] ago or more, and no record has a
//!   timestamp of the last hour ([`RECENT`]). The broker says so without a record being read; or
//! - *at once*, if the partition holds no records and its end has not moved since the first look. Otherwise one empty
//!   partition would hold the clock during a catch-up, while the others fill the memory with open panes.
//!
//! The second rule is for a catch-up: without it each partition whose data end earlier than those of the others would cost
//! an idle timeout, one after the other. ADR 0003 has the reasons for its conditions.

use std::time::Duration;

use super::end_watch::EndWatch;
use super::pace::Pace;
use super::port::{Fault, Log, TopicPartition};
use super::tasks::{IngestTask, Tasks};
use crate::event::Tick;

/// The longest time between two looks at the ends of all sources.
const LOOK_INTERVAL_MAX: Duration = Duration::from_secs(10);
/// Time between two looks while a source may be idle.
const LOOK_SOON: Duration = Duration::from_millis(250);
/// How long the end of an old source must not move: a producer that writes old records right now is noticed meanwhile.
const STILL_MIN: Duration = Duration::from_secs(10);
/// Age of the last record of an old source, at least. A `CreateTime` timestamp is the clock of a producer, which may be
/// wrong by some minutes; on such a topic a younger last record does not show that the partition is quiet.
const RECENT: Duration = Duration::from_secs(3_600);
/// A source that brought no record for this long has probably been read to its end, so a read-ahead is worth its client.
const READ_AHEAD_AFTER: Duration = Duration::from_secs(1);

/// Offsets before the end of a log within which a stop looks for markers. A source that is further behind has records to
/// read, or the next look of the next process tells.
const MARKERS_MAX: i64 = 1_000;

/// When the ends of the sources were looked at.
#[derive(Debug, Default)]
pub struct IdleWatch {
    looked_at: Option<Duration>,
    has_failed: bool,
}

/// What decides whether a source is idle, beside its own log.
#[derive(Debug, Clone, Copy)]
pub struct IdleCheck {
    /// Stopwatch time.
    pub now: Duration,
    /// Wall clock.
    pub wall: Tick,
    /// How long the end must not move.
    pub timeout: Duration,
    /// False if no watermark may follow the wall clock. The ends are looked at all the same, for the status page.
    pub ticks: bool,
}

impl IdleWatch {
    /// Looks at the ends of all sources if it is time, and lets the watermarks of idle sources follow the wall clock.
    ///
    /// # Errors
    /// When the cluster does not answer. The next look is then an interval later.
    pub fn look<L: Log>(
        &mut self,
        log: &mut L,
        tasks: &mut Tasks,
        pace: &Pace,
        check: IdleCheck,
    ) -> Result<(), Fault> {
        if !self.is_due(tasks, pace, check) {
            return Ok(());
        }
        self.looked_at = Some(check.now);
        self.has_failed = true;
        see_ends(log, tasks, check)?;
        ask_for_recent_records(log, tasks, check)?;
        read_ahead(log, tasks, pace, check)?;
        for task in tasks.ingest.values_mut() {
            task.is_idle = check.ticks && is_idle(task, check);
            if task.is_idle {
                task.ingest.idle(check.wall);
            }
        }
        self.has_failed = false;
        Ok(())
    }

    /// Passes the markers after sources that were read to their end, before a stop: what is committed then is the end of the
    /// log. Does nothing while the cluster does not answer.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub fn pass_markers<L: Log>(
        &mut self,
        log: &mut L,
        tasks: &mut Tasks,
        check: IdleCheck,
    ) -> Result<(), Fault> {
        if self.has_failed {
            return Ok(());
        }
        see_ends(log, tasks, check)?;
        let near_end = tasks.ingest.iter().filter_map(|(at, task)| {
            let next = task.ingest.next_offset();
            let extent = task.end.as_ref()?.log;
            // Before the log begins lie records that were deleted unread: that is a loss, and no marker.
            let is_near = next >= extent.first
                && (1..=MARKERS_MAX).contains(&extent.end.saturating_sub(next));
            (is_near && !extent.has_open_transaction()).then(|| (at.clone(), next))
        });
        let positions: Vec<(TopicPartition, i64)> = near_end.collect();
        if positions.is_empty() {
            return Ok(());
        }
        note_markers(log, tasks, &positions)
    }

    fn is_due(&self, tasks: &Tasks, pace: &Pace, check: IdleCheck) -> bool {
        let Some(looked_at) = self.looked_at else {
            return true;
        };
        let waited = check.now.saturating_sub(looked_at);
        let may_be_idle = || {
            let mut sources = tasks.ingest.iter();
            sources.any(|(at, task)| !pace.is_paused(at) && may_become_idle(task, check))
        };
        let interval = LOOK_INTERVAL_MAX.min(check.timeout / 2);
        waited >= interval
            || (check.ticks && !self.has_failed && waited >= LOOK_SOON && may_be_idle())
    }
}

/// True if a look may find that the source is idle now: by all that is known it is read to its end, and quiet.
fn may_become_idle(task: &IngestTask, check: IdleCheck) -> bool {
    let Some(watch) = &task.end else {
        return false;
    };
    let next = task.ingest.next_offset();
    let is_read = match watch.is_drained(next) {
        Some(is_drained) => is_drained,
        None => brings_nothing(task, check.now),
    };
    !task.is_idle
        && is_read
        && !watch.log.has_open_transaction()
        && (is_quiet_for_long(watch, check)
            || (has_stood_still(watch, check.now) && watch.has_recent != Some(true)))
}

fn brings_nothing(task: &IngestTask, now: Duration) -> bool {
    let silent_for = |read_at: Duration| now.saturating_sub(read_at) >= READ_AHEAD_AFTER;
    task.read_at.is_none_or(silent_for)
}

fn is_quiet_for_long(watch: &EndWatch, check: IdleCheck) -> bool {
    watch.quiet(check.now) >= check.timeout
}

/// True if the end has not moved since the first look, and that was long enough ago.
fn has_stood_still(watch: &EndWatch, now: Duration) -> bool {
    !watch.has_moved() && watch.quiet(now) >= STILL_MIN
}

/// Looks at the ends of all sources.
fn see_ends<L: Log>(log: &mut L, tasks: &mut Tasks, check: IdleCheck) -> Result<(), Fault> {
    let partitions: Vec<TopicPartition> = tasks.ingest.keys().cloned().collect();
    let extents = log.extents(&partitions)?;
    for (task, extent) in tasks.ingest.values_mut().zip(extents) {
        let earlier = task.ingest.position().end;
        let watch = task
            .end
            .get_or_insert_with(|| EndWatch::begin(extent, earlier, check.now, check.wall));
        watch.see(extent, check.now, check.wall);
        task.ingest.note_end(watch.known());
    }
    Ok(())
}

/// Asks once for each source whose end stands still whether it has a recent record. It cannot become recent while its end stands.
fn ask_for_recent_records<L: Log>(
    log: &mut L,
    tasks: &mut Tasks,
    check: IdleCheck,
) -> Result<(), Fault> {
    let is_open = |task: &IngestTask| {
        task.end.as_ref().is_some_and(|watch| {
            has_stood_still(watch, check.now)
                && !is_quiet_for_long(watch, check)
                && watch.has_recent.is_none()
        })
    };
    let open = tasks.ingest.iter().filter(|(_, task)| is_open(task));
    let partitions: Vec<TopicPartition> = open.map(|(at, _)| at.clone()).collect();
    if partitions.is_empty() || !check.ticks {
        return Ok(());
    }
    let recent = RECENT.max(check.timeout).as_millis();
    let since = Tick(check.wall.0 - i64::try_from(recent).unwrap_or(i64::MAX));
    let answers = log.have_records_since(&partitions, since)?;
    for (at, has_recent) in partitions.iter().zip(answers) {
        let watch = tasks.ingest.get_mut(at).and_then(|task| task.end.as_mut());
        if let Some(watch) = watch {
            watch.has_recent = Some(has_recent);
        }
    }
    Ok(())
}

/// Reads ahead in quiet sources that stand before their end, to see whether only control records follow.
fn read_ahead<L: Log>(
    log: &mut L,
    tasks: &mut Tasks,
    pace: &Pace,
    check: IdleCheck,
) -> Result<(), Fault> {
    let is_open = |at: &TopicPartition, task: &IngestTask| {
        let is_unknown = task.end.as_ref().is_some_and(|watch| {
            watch.quiet(check.now) >= STILL_MIN.min(check.timeout)
                && !watch.log.has_open_transaction()
                && task.ingest.next_offset() >= watch.log.first
                && watch.is_drained(task.ingest.next_offset()).is_none()
        });
        is_unknown && !pace.is_paused(at) && brings_nothing(task, check.now)
    };
    let open = tasks.ingest.iter().filter(|(at, task)| is_open(at, task));
    let positions: Vec<(TopicPartition, i64)> = open
        .map(|(at, task)| (at.clone(), task.ingest.next_offset()))
        .collect();
    if positions.is_empty() {
        return Ok(());
    }
    note_markers(log, tasks, &positions)
}

/// Reads ahead from `positions`. A source after which only markers follow passes them: its offset is then the end of the log,
/// and it stays inside the log when everything before is deleted.
fn note_markers<L: Log>(
    log: &mut L,
    tasks: &mut Tasks,
    positions: &[(TopicPartition, i64)],
) -> Result<(), Fault> {
    let answers = log.only_markers_follow(positions)?;
    for ((at, next), only_markers) in positions.iter().zip(answers) {
        let task = tasks.ingest.get_mut(at);
        if let Some(task) = task
            && let Some(watch) = &mut task.end
        {
            watch.note_read_ahead(*next, only_markers);
            if only_markers {
                task.ingest.pass_markers(watch.log.end);
            }
        }
    }
    Ok(())
}

/// True if the source is read to its end and quiet.
fn is_idle(task: &IngestTask, check: IdleCheck) -> bool {
    let Some(watch) = &task.end else {
        return false;
    };
    let is_drained = watch.is_drained(task.ingest.next_offset()) == Some(true);
    let is_old = has_stood_still(watch, check.now) && watch.has_recent == Some(false);
    let was_never_used = watch.log.is_empty() && !watch.has_moved();
    is_drained
        && !watch.log.has_open_transaction()
        && (is_quiet_for_long(watch, check) || is_old || was_never_used)
}

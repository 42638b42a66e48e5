//! Idle sources: decides when the watermark of a source may follow the wall clock.
//!
//! A partition that never had a record follows at once. Otherwise a single empty partition would hold the clock during
//! a catch-up, while the other partitions fill the memory with open panes. Any other source must be quiet for the idle
//! timeout, and must be read to its end: there is no further record, and no open transaction whose records would be
//! late once it commits.

use std::time::Duration;

use super::pace::Pace;
use super::port::{Fault, FirstStart, Log, TopicPartition};
use super::tasks::Tasks;
use crate::event::Tick;

/// The longest time between two checks.
const CHECK_INTERVAL_MAX: Duration = Duration::from_secs(10);

/// Time between two checks: ten seconds, or half the timeout if that is shorter.
#[must_use]
pub fn check_interval(timeout: Duration) -> Duration {
    CHECK_INTERVAL_MAX.min(timeout / 2)
}

/// Lets the watermarks of idle sources follow the wall clock.
///
/// # Errors
/// When the cluster does not answer.
pub fn advance<L: Log>(
    log: &mut L,
    tasks: &mut Tasks,
    pace: &Pace,
    now: Duration,
    wall: Tick,
    timeout: Duration,
) -> Result<(), Fault> {
    for (at, task) in &mut tasks.ingest {
        let since = *task.quiet_since.get_or_insert(now);
        let next = task.ingest.next_offset();
        let is_quiet = now - since >= timeout && !pace.is_paused(at);
        let was_never_used = task.ingest.watermark().is_none() && is_empty(log, at)?;
        let is_silent = (is_quiet || was_never_used) && log.is_drained(at, next)?;
        if is_silent {
            task.ingest.idle(wall);
        }
    }
    Ok(())
}

/// True if the partition has no records.
fn is_empty<L: Log>(log: &mut L, at: &TopicPartition) -> Result<bool, Fault> {
    Ok(log.first_offset(at, FirstStart::Earliest)? == log.first_offset(at, FirstStart::Latest)?)
}

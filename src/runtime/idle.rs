//! Silent sources: when one may follow the wall clock.
//!
//! A partition that has never held a record has nothing to wait for, and follows at once: else a single empty partition
//! would hold a catch-up back while the others fill the memory with open panes. Beyond that,
//! silence alone never excludes a source. It must be quiet for the idle timeout, and nothing may lie beyond what was
//! delivered: no record, and no open transaction whose records would be late once it commits.

use std::time::Duration;

use super::pace::Pace;
use super::port::{Fault, FirstStart, Log, TopicPartition};
use super::tasks::Tasks;
use crate::event::Tick;

/// The longest time between two looks.
const CHECK_INTERVAL_MAX: Duration = Duration::from_secs(10);

/// How often to look: ten seconds, or half the timeout if that is shorter.
#[must_use]
pub fn check_interval(timeout: Duration) -> Duration {
    CHECK_INTERVAL_MAX.min(timeout / 2)
}

/// Lets the watermarks of drained, quiet sources follow the wall clock.
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

/// Whether the partition holds no record that was committed.
fn is_empty<L: Log>(log: &mut L, at: &TopicPartition) -> Result<bool, Fault> {
    Ok(log.first_offset(at, FirstStart::Earliest)? == log.first_offset(at, FirstStart::Latest)?)
}

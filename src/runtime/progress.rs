//! Progress of the tasks from commit to commit: neither an offset nor a time goes back.

use std::collections::BTreeMap;

use super::port::TopicPartition;
use super::tasks::{Tasks, places};
use crate::event::EventTime;
use crate::pipeline::Topics;
use crate::pipeline::invariant::{InvariantId, Violation};
use crate::pipeline::stage::Stage;
use crate::window::Boundary;

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TaskProgress {
    /// The next offset to read.
    offset: i64,
    /// Its watermark, or the last boundary that it closed.
    time: Option<EventTime>,
    /// The last boundary of quality that it closed.
    quality: Option<EventTime>,
}

impl TaskProgress {
    fn of(task: &impl Stage) -> Self {
        Self {
            offset: task.intake().next_offset(),
            time: task.closed().map(Boundary::time),
            quality: task.quality_closed().map(Boundary::time),
        }
    }

    /// Asserts that a task does not go back from here to `next`.
    fn check(self, at: &TopicPartition, next: Self) -> Result<(), Violation> {
        InvariantId::OffsetOrder.check(next.offset >= self.offset, || {
            let (from, to) = (self.offset, next.offset);
            format!("{at}: offset {to} after {from}")
        })?;
        let goes_on = next.time >= self.time && next.quality >= self.quality;
        InvariantId::TimeOrder.check(goes_on, || {
            let millis = |time: Option<EventTime>| time.map_or(0, |time| time.0);
            let times = |p: Self| format!("{} and {}", millis(p.time), millis(p.quality));
            format!("{at}: times {} after {}", times(next), times(self))
        })
    }
}

/// Where every task of a worker stood at the last commit.
#[derive(Debug, Default)]
pub struct CommitProgress(BTreeMap<TopicPartition, TaskProgress>);

impl CommitProgress {
    /// Notes where the tasks stand now, for the commit that follows.
    ///
    /// # Errors
    /// When one of them went back: nothing may be committed.
    pub fn advance(&mut self, tasks: &Tasks, topics: &Topics) -> Result<(), Violation> {
        for (at, task) in &tasks.ingest {
            let next = TaskProgress {
                offset: task.ingest.next_offset(),
                time: task.ingest.watermark(),
                quality: None,
            };
            self.note(at, next)?;
        }
        for (at, task) in places(&tasks.join, topics) {
            self.note(&at, TaskProgress::of(task))?;
        }
        for (at, task) in places(&tasks.evaluate, topics) {
            self.note(&at, TaskProgress::of(task))?;
        }
        Ok(())
    }

    fn note(&mut self, at: &TopicPartition, next: TaskProgress) -> Result<(), Violation> {
        if let Some(before) = self.0.get_mut(at) {
            before.check(at, next)?;
            *before = next;
        } else {
            self.0.insert(at.clone(), next);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_goes_back_breaks_an_invariant() {
        let at = TopicPartition::of("panes", 3);
        let stands = TaskProgress {
            offset: 10,
            time: Some(EventTime(60_000)),
            quality: None,
        };
        let mut progress = CommitProgress::default();
        for _ in 0..2 {
            progress.note(&at, stands).unwrap();
        }
        let back = [
            (
                InvariantId::OffsetOrder,
                TaskProgress {
                    offset: 9,
                    ..stands
                },
            ),
            (
                InvariantId::TimeOrder,
                TaskProgress {
                    time: None,
                    ..stands
                },
            ),
            (
                InvariantId::TimeOrder,
                TaskProgress {
                    time: Some(EventTime(59_999)),
                    ..stands
                },
            ),
        ];
        for (id, next) in back {
            assert_eq!(progress.note(&at, next).unwrap_err().id, id);
        }
        let on = TaskProgress {
            offset: 11,
            quality: Some(EventTime(0)),
            ..stands
        };
        progress.note(&at, on).unwrap();
        assert!(progress.note(&at, stands).is_err());
    }
}

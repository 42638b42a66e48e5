//! Pacing of a catch-up: sources far ahead of the slowest wait for it, so that open panes stay few. It changes speed, never results.

use std::collections::BTreeSet;
use std::time::Duration;

use super::metadata;
use super::port::{Fault, Log, TopicPartition};
use super::tasks::Tasks;
use crate::event::EventTime;
use crate::pipeline::Plan;

/// Event time by which a source may be ahead of the slowest before it is paused: at most 120 open panes per scope, some
/// 20 MB for 20 features. Half an hour was tried: one fetched chunk of a calm topic spans more, and the sources did
/// little else than pause and resume.
const AHEAD_MILLIS_MAX: i64 = 120 * 60_000;
/// Event time to which its lead must shrink before it is resumed: a pause throws the prefetch away, so not too often.
const AHEAD_MILLIS_RESUME: i64 = 60 * 60_000;
/// Time between two looks at our own sources.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Time between two looks at those of other workers, in the metadata of their committed offsets.
const LOOK_AROUND_INTERVAL: Duration = Duration::from_secs(2);

/// Which sources wait.
#[derive(Debug, Default)]
pub struct Pace {
    paused: BTreeSet<TopicPartition>,
    looked_at: Option<Duration>,
    looked_around_at: Option<Duration>,
    slowest_elsewhere: Option<EventTime>,
}

impl Pace {
    /// Whether the source waits.
    #[must_use]
    pub fn is_paused(&self, at: &TopicPartition) -> bool {
        self.paused.contains(at)
    }

    /// Pauses and resumes as the watermarks ask.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub fn keep<L: Log>(
        &mut self,
        log: &mut L,
        plan: &Plan,
        tasks: &Tasks,
        now: Duration,
    ) -> Result<(), Fault> {
        if !is_due(self.looked_at, now, LOOK_INTERVAL) {
            return Ok(());
        }
        self.looked_at = Some(now);
        let Some(fastest) = watermarks(tasks).max() else {
            return Ok(());
        };
        if is_due(self.looked_around_at, now, LOOK_AROUND_INTERVAL) {
            self.looked_around_at = Some(now);
            self.slowest_elsewhere = slowest_elsewhere(log, plan, tasks)?;
        }
        let slowest = watermarks(tasks)
            .chain(self.slowest_elsewhere)
            .min()
            .unwrap_or(fastest);
        let wanted = self.wanted(tasks, slowest);
        if wanted != self.paused {
            log.pause_only(&wanted.iter().cloned().collect::<Vec<_>>())?;
            self.paused = wanted;
        }
        Ok(())
    }

    fn wanted(&self, tasks: &Tasks, slowest: EventTime) -> BTreeSet<TopicPartition> {
        let ahead = |at: &TopicPartition, watermark: EventTime| {
            let limit = if self.is_paused(at) {
                AHEAD_MILLIS_RESUME
            } else {
                AHEAD_MILLIS_MAX
            };
            watermark > slowest.plus_millis(limit)
        };
        let sources = tasks
            .ingest
            .iter()
            .filter_map(|(at, task)| Some((at, task.ingest.watermark()?)));
        sources
            .filter(|(at, watermark)| ahead(at, *watermark))
            .map(|(at, _)| at.clone())
            .collect()
    }
}

fn is_due(last: Option<Duration>, now: Duration, interval: Duration) -> bool {
    last.is_none_or(|last| now - last >= interval)
}

fn watermarks(tasks: &Tasks) -> impl Iterator<Item = EventTime> {
    tasks
        .ingest
        .values()
        .filter_map(|task| task.ingest.watermark())
}

/// The slowest watermark that other workers have committed.
fn slowest_elsewhere<L: Log>(
    log: &mut L,
    plan: &Plan,
    tasks: &Tasks,
) -> Result<Option<EventTime>, Fault> {
    let mut others = Vec::new();
    for topic in plan.topics.inputs() {
        for partition in 0..log.partitions(topic)? {
            let at = TopicPartition {
                topic: topic.clone(),
                partition,
            };
            if !tasks.ingest.contains_key(&at) {
                others.push(at);
            }
        }
    }
    if others.is_empty() {
        return Ok(None);
    }
    let committed = log.glance(&others)?;
    let positions = others
        .iter()
        .zip(&committed)
        .filter_map(|(at, c)| metadata::position(at, c.as_ref()?).ok());
    Ok(positions.filter_map(|position| position.watermark).min())
}

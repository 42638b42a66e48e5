//! Pacing of a catch-up: sources far ahead of the slowest source are paused, so that few panes are open. It never
//! changes results.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::metadata;
use super::port::{Fault, Log, TopicPartition};
use super::tasks::Tasks;
use crate::event::EventTime;
use crate::pipeline::Plan;

/// A source is paused when it is this much event time ahead of the slowest: at most 120 open panes per scope, about 20
/// MB for 20 features. Half an hour was too short: one fetch from a topic with little traffic spans more, so sources
/// were paused and resumed all the time.
const AHEAD_MILLIS_MAX: i64 = 120 * 60_000;
/// A source is resumed when its lead has shrunk to this much. The gap between the two limits keeps pauses rare, because
/// a pause discards prefetched messages.
const AHEAD_MILLIS_RESUME: i64 = 60 * 60_000;
/// Time between two checks of the worker's own sources.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Time between two checks of the sources of other workers, in the metadata of their committed offsets.
const LOOK_AROUND_INTERVAL: Duration = Duration::from_secs(2);

/// The paused sources, and what is known of other workers.
#[derive(Debug, Default)]
pub struct Pace {
    paused: BTreeSet<TopicPartition>,
    looked_at: Option<Duration>,
    looked_around_at: Option<Duration>,
    elsewhere: BTreeMap<TopicPartition, EventTime>,
    slowest_elsewhere: Option<EventTime>,
}

impl Pace {
    /// True if the source is paused.
    #[must_use]
    pub fn is_paused(&self, at: &TopicPartition) -> bool {
        self.paused.contains(at)
    }

    /// Pauses and resumes sources by their watermarks.
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
            self.look_around(log, plan, tasks)?;
        }
        let slowest = reading(tasks, plan, now)
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

    /// Reads the watermarks of other workers. A labels source whose watermark does not move has nothing to read, so
    /// nobody waits for it.
    fn look_around<L: Log>(
        &mut self,
        log: &mut L,
        plan: &Plan,
        tasks: &Tasks,
    ) -> Result<(), Fault> {
        let watermarks = elsewhere(log, plan, tasks)?;
        let moves = |at: &TopicPartition, watermark: EventTime| {
            !is_of_labels(plan, at) || self.elsewhere.get(at) != Some(&watermark)
        };
        let holding = watermarks
            .iter()
            .filter(|(at, watermark)| moves(at, **watermark));
        self.slowest_elsewhere = holding.map(|(_, watermark)| *watermark).min();
        self.elsewhere = watermarks;
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

fn is_of_labels(plan: &Plan, at: &TopicPartition) -> bool {
    plan.topics.labels.contains(&at.topic)
}

/// The watermarks for which faster sources wait: of all sources, except labels at the end of their topic. Labels may
/// carry old timestamps, and to wait for a topic without further records would only delay drift detection.
fn reading<'a>(
    tasks: &'a Tasks,
    plan: &'a Plan,
    now: Duration,
) -> impl Iterator<Item = EventTime> + 'a {
    let is_at_its_end = move |at: &TopicPartition, read_at: Option<Duration>| {
        is_of_labels(plan, at) && read_at.is_none_or(|read_at| now - read_at > LOOK_AROUND_INTERVAL)
    };
    let sources = tasks.ingest.iter();
    sources
        .filter(move |(at, task)| !is_at_its_end(at, task.read_at))
        .filter_map(|(_, task)| task.ingest.watermark())
}

/// The watermarks that other workers have committed.
fn elsewhere<L: Log>(
    log: &mut L,
    plan: &Plan,
    tasks: &Tasks,
) -> Result<BTreeMap<TopicPartition, EventTime>, Fault> {
    let mut others = Vec::new();
    for topic in plan.topics.inputs() {
        for partition in 0..log.partitions(topic)? {
            let at = TopicPartition::of(topic, partition);
            if !tasks.ingest.contains_key(&at) {
                others.push(at);
            }
        }
    }
    if others.is_empty() {
        return Ok(BTreeMap::new());
    }
    let committed = log.glance(&others)?;
    let watermarks = others.iter().zip(&committed).filter_map(|(at, committed)| {
        let position = metadata::position(at, committed.as_ref()?).ok()?;
        Some((at.clone(), position.watermark?))
    });
    Ok(watermarks.collect())
}

//! The tasks of one worker: one ingest for each input partition, and the tasks of the stages behind the internal topics.

use std::collections::BTreeMap;
use std::time::Duration;

use super::end_watch::EndWatch;
use super::port::{Clock, Fault, Message, TopicPartition};
use crate::pipeline::Topics;
use crate::pipeline::evaluate::Evaluate;
use crate::pipeline::ingest::Ingest;
use crate::pipeline::join::JoinTask;
use crate::pipeline::stage::{Stage, StageError};

/// The tasks of one stage, by partition of the topic that the stage reads.
pub type StageTasks<S> = BTreeMap<i32, S>;

/// All tasks of a worker.
#[derive(Default)]
pub struct Tasks {
    /// By input partition.
    pub ingest: BTreeMap<TopicPartition, IngestTask>,
    /// By partition of `outcomes`; empty if no labels are read.
    pub join: StageTasks<JoinTask>,
    /// By partition of `panes`.
    pub evaluate: StageTasks<Evaluate>,
}

/// An ingest stage, and what is known of the log that it reads.
pub struct IngestTask {
    /// The stage.
    pub ingest: Ingest,
    /// Stopwatch time of the last record; `None` before the first.
    pub read_at: Option<Duration>,
    /// The end of the log; `None` before the first look at it.
    pub end: Option<EndWatch>,
    /// True if the watermark followed the wall clock at the last look.
    pub is_idle: bool,
}

impl From<Ingest> for IngestTask {
    fn from(ingest: Ingest) -> Self {
        Self {
            ingest,
            read_at: None,
            end: None,
            is_idle: false,
        }
    }
}

impl Tasks {
    /// The offset from which each task reads.
    #[must_use]
    pub fn positions(&self, topics: &Topics) -> Vec<(TopicPartition, i64)> {
        let inputs = self.ingest.iter();
        let inputs = inputs.map(|(at, task)| (at.clone(), task.ingest.next_offset()));
        inputs
            .chain(positions_of(&self.join, topics))
            .chain(positions_of(&self.evaluate, topics))
            .collect()
    }

    /// True if a stage has work left from what was read before.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.evaluate.values().any(Stage::has_work) || self.join.values().any(Stage::has_work)
    }

    /// The ingest task of an input partition.
    #[must_use]
    pub fn task(&self, topic: &str, partition: i32) -> Option<&IngestTask> {
        self.ingest
            .iter()
            .find(|(at, _)| at.partition == partition && at.topic == topic)
            .map(|(_, task)| task)
    }

    /// The ingest task of an input partition. It is found without a copy of the topic's name, because every message
    /// needs it.
    pub fn task_mut(&mut self, topic: &str, partition: i32) -> Option<&mut IngestTask> {
        self.ingest
            .iter_mut()
            .find(|(at, _)| at.partition == partition && at.topic == topic)
            .map(|(_, task)| task)
    }

    /// True if there are no tasks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ingest.is_empty() && self.join.is_empty() && self.evaluate.is_empty()
    }
}

/// Each task of a stage with the partition that it reads.
pub fn places<'a, S: Stage>(
    tasks: &'a StageTasks<S>,
    topics: &Topics,
) -> impl Iterator<Item = (TopicPartition, &'a S)> + use<'a, S> {
    let topic = S::topic(topics).to_owned();
    let place = move |partition: i32| TopicPartition {
        topic: topic.clone(),
        partition,
    };
    tasks
        .iter()
        .map(move |(partition, task)| (place(*partition), task))
}

fn positions_of<'a, S: Stage>(
    tasks: &'a StageTasks<S>,
    topics: &Topics,
) -> impl Iterator<Item = (TopicPartition, i64)> + use<'a, S> {
    places(tasks, topics).map(|(at, task)| (at, task.intake().read_from()))
}

/// Hands a message of an internal topic to the task of its partition, if the worker still has that task.
///
/// # Errors
/// A violation that stops the task, or a record that does not contain frames; the message names its place.
pub fn submit<S: Stage, M: Message>(tasks: &mut StageTasks<S>, message: &M) -> Result<(), Fault> {
    let (partition, offset) = (message.partition(), message.offset());
    let Some(task) = tasks.get_mut(&partition) else {
        return Ok(());
    };
    let record = message.record().payload.unwrap_or_default();
    match task.submit(offset, record) {
        Err(StageError::Frames(bad)) => {
            let topic = message.topic();
            let why = format!("{topic}[{partition}], offset {offset}: {bad}");
            Err(Fault::Fatal(why))
        }
        other => Ok(other?),
    }
}

/// Lets all tasks of a stage work for `time_max` in total. Each task with work gets the same share of it, so that no
/// backlog holds up another task.
///
/// # Errors
/// A violation that stops a task.
pub fn work<S: Stage, C: Clock>(
    tasks: &mut StageTasks<S>,
    clock: &C,
    time_max: Duration,
) -> Result<(), StageError> {
    let busy = tasks.values().filter(|task| task.has_work()).count();
    let share = time_max / u32::try_from(busy.max(1)).unwrap_or(1);
    for task in tasks.values_mut() {
        let begun = clock.elapsed();
        while task.has_work() && !task.is_full() && clock.elapsed() - begun < share {
            task.step()?;
        }
    }
    Ok(())
}

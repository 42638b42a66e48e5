//! The tasks of one worker: one ingest per input partition, one join per `outcomes` partition, one evaluate per `panes` partition.

use std::collections::BTreeMap;
use std::time::Duration;

use super::port::TopicPartition;
use crate::pipeline::Topics;
use crate::pipeline::evaluate::Evaluate;
use crate::pipeline::ingest::Ingest;
use crate::pipeline::join::JoinTask;

/// Everything a worker is working on.
#[derive(Default)]
pub struct Tasks {
    /// By input partition.
    pub ingest: BTreeMap<TopicPartition, IngestTask>,
    /// By partition of `outcomes`; none where no labels are read.
    pub join: BTreeMap<i32, JoinTask>,
    /// By partition of `panes`.
    pub evaluate: BTreeMap<i32, Evaluate>,
}

/// An ingest and its silence.
pub struct IngestTask {
    /// The pure step.
    pub ingest: Ingest,
    /// When it last had a record, by the stopwatch; `None` until the first look.
    pub quiet_since: Option<Duration>,
}

impl From<Ingest> for IngestTask {
    fn from(ingest: Ingest) -> Self {
        Self {
            ingest,
            quiet_since: None,
        }
    }
}

impl Tasks {
    /// Where each task goes on reading.
    #[must_use]
    pub fn positions(&self, topics: &Topics) -> Vec<(TopicPartition, i64)> {
        let inputs = self
            .ingest
            .iter()
            .map(|(at, task)| (at.clone(), task.ingest.next_offset()));
        let outcomes = self.join.iter().map(|(partition, join)| {
            (
                TopicPartition::of(&topics.outcomes, *partition),
                join.read_from(),
            )
        });
        let panes = self.evaluate.iter().map(|(partition, evaluate)| {
            (
                TopicPartition::of(&topics.panes, *partition),
                evaluate.read_from(),
            )
        });
        inputs.chain(outcomes).chain(panes).collect()
    }

    /// Whether a task has something to work on that was read before.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.evaluate.values().any(Evaluate::has_work) || self.join.values().any(JoinTask::has_work)
    }

    /// The ingest of an input partition.
    #[must_use]
    pub fn task(&self, topic: &str, partition: i32) -> Option<&IngestTask> {
        self.ingest
            .iter()
            .find(|(at, _)| at.partition == partition && at.topic == topic)
            .map(|(_, task)| task)
    }

    /// The ingest of an input partition; found without copying the topic's name, because this is asked per message.
    pub fn task_mut(&mut self, topic: &str, partition: i32) -> Option<&mut IngestTask> {
        self.ingest
            .iter_mut()
            .find(|(at, _)| at.partition == partition && at.topic == topic)
            .map(|(_, task)| task)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ingest.is_empty() && self.join.is_empty() && self.evaluate.is_empty()
    }
}

//! Restores the tasks of an assignment: reads the committed offsets, then the state log to its true end.
//!
//! The order matters: state that is read before the offset could be older than the offset. Inputs are not read meanwhile,
//! but polling goes on, so that the worker stays in the group.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::extents;
use super::metadata::{self, KnownTopic, StageMetadata};
use super::port::{Committed, Fault, FirstStart, Log, TopicPartition};
use super::restore_stage::StageRestore;
use super::tasks::{StageTasks, Tasks};
use crate::pipeline::evaluate::Evaluate;
use crate::pipeline::frame::SourceId;
use crate::pipeline::ingest::Ingest;
use crate::pipeline::join::JoinTask;
use crate::pipeline::stage::Stage;
use crate::pipeline::state::StateReader;
use crate::pipeline::{INTERNAL_PARTITIONS, Plan};

/// An assignment whose tasks are being restored.
pub struct Restoring {
    inputs: Vec<(TopicPartition, Option<Committed>)>,
    join: StageRestore<JoinTask>,
    evaluate: StageRestore<Evaluate>,
    /// State by partition. Join and evaluate of the same number share a partition.
    states: BTreeMap<i32, StateReader>,
    /// What each task of an internal topic committed about the inputs.
    known: Vec<StageMetadata>,
    started: bool,
    /// Records read from the state topic so far.
    pub records: u64,
}

/// Tasks that were revoked a moment ago. If their partitions come back, they need not be restored.
#[derive(Default)]
pub struct Parked {
    join: StageTasks<JoinTask>,
    evaluate: StageTasks<Evaluate>,
}

impl Parked {
    /// Keeps the tasks that are not replaying.
    #[must_use]
    pub fn of(mut tasks: Tasks) -> Self {
        tasks.join.retain(|_, task| !task.intake().is_replaying());
        tasks
            .evaluate
            .retain(|_, task| !task.intake().is_replaying());
        Self {
            join: tasks.join,
            evaluate: tasks.evaluate,
        }
    }
}

/// How a source begins that nobody has read.
#[derive(Debug, Clone, Copy)]
pub struct StartPolicy {
    /// Where a new group begins to read.
    pub first: FirstStart,
    /// The incarnation of new sources.
    pub incarnation: u64,
}

impl Restoring {
    /// Reads the committed offsets and begins to read the state. A parked task is used again if nobody has committed
    /// anything for its partition since.
    ///
    /// # Errors
    /// When an offset was moved by hand, or the cluster does not answer.
    pub fn begin<L: Log>(
        log: &mut L,
        plan: &Plan,
        assigned: &[TopicPartition],
        parked: Parked,
    ) -> Result<Self, Fault> {
        let mut restoring = Self {
            join: StageRestore::with(parked.join),
            evaluate: StageRestore::with(parked.evaluate),
            known: known_topics(log, plan)?,
            started: true,
            ..Self::unstarted()
        };
        let committed = log.committed(assigned)?;
        for (at, committed) in assigned.iter().zip(committed) {
            if at.topic == plan.topics.panes {
                restoring.evaluate.assign(at.partition, committed);
            } else if at.topic == plan.topics.outcomes {
                restoring.join.assign(at.partition, committed);
            } else {
                restoring.inputs.push((at.clone(), committed));
            }
        }
        let (joins, evaluates) = (restoring.join.partitions(), restoring.evaluate.partitions());
        for partition in joins.chain(evaluates) {
            restoring.states.entry(partition).or_default();
        }
        let partitions: Vec<i32> = restoring.states.keys().copied().collect();
        log.begin_restore(&plan.topics.state, &partitions)?;
        Ok(restoring)
    }

    /// An assignment that could not be restored yet, because the cluster did not answer.
    #[must_use]
    pub fn unstarted() -> Self {
        Self {
            inputs: Vec::new(),
            join: StageRestore::default(),
            evaluate: StageRestore::default(),
            states: BTreeMap::new(),
            known: Vec::new(),
            started: false,
            records: 0,
        }
    }

    /// True once the committed offsets were read.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.started
    }

    /// Reads state for a moment. Returns true once all state was read.
    ///
    /// # Errors
    /// When an entry is damaged or of another version, or the cluster does not answer.
    pub fn advance<L: Log>(&mut self, log: &mut L) -> Result<bool, Fault> {
        let (states, records) = (&mut self.states, &mut self.records);
        let mut bad = None;
        let done = log.restore(&mut |partition, key, value| {
            *records += 1;
            if let Some(reader) = states.get_mut(&partition) {
                bad = reader.apply(key, value).err().or(bad.take());
            }
        })?;
        bad.map_or(Ok(done), |bad| Err(Fault::Fatal(bad.to_string())))
    }

    /// The tasks, ready to work.
    ///
    /// # Errors
    /// When state and offset do not belong together, when a source's committed offset has vanished, or when a position lies
    /// outside its log.
    pub fn finish<L: Log>(
        self,
        log: &mut L,
        plan: &Arc<Plan>,
        policy: StartPolicy,
    ) -> Result<Tasks, Fault> {
        let mut ingests = BTreeMap::new();
        for (at, committed) in self.inputs {
            let ingest = ingest(log, plan, &at, committed.as_ref(), &self.known, policy)?;
            ingests.insert(at, ingest.into());
        }
        let join = self
            .join
            .finish(log, plan, &self.states, policy.incarnation)?;
        let evaluate = self
            .evaluate
            .finish(log, plan, &self.states, policy.incarnation)?;
        let tasks = Tasks {
            ingest: ingests,
            join,
            evaluate,
        };
        extents::check(log, plan, &tasks)?;
        Ok(tasks)
    }
}

/// What is committed about the inputs, beside the offsets of all internal partitions.
fn known_topics<L: Log>(log: &mut L, plan: &Plan) -> Result<Vec<StageMetadata>, Fault> {
    let mut known = known_to(log, &plan.topics.panes)?;
    if plan.joins() {
        known.extend(known_to(log, &plan.topics.outcomes)?);
    }
    Ok(known)
}

fn known_to<L: Log>(log: &mut L, topic: &str) -> Result<Vec<StageMetadata>, Fault> {
    let count = log.partitions(topic)?;
    if u32::try_from(count) != Ok(INTERNAL_PARTITIONS) {
        return Err(Fault::Fatal(format!(
            "topic {topic} has {count} partitions and must have {INTERNAL_PARTITIONS}: the number decides which partition evaluates a model and \
             joins a label, so it must never change. Start anew with another `kafka.group` and `topics.prefix`"
        )));
    }
    let all: Vec<TopicPartition> = (0..count)
        .map(|partition| TopicPartition::of(topic, partition))
        .collect();
    let committed = log.committed(&all)?;
    let known = all
        .iter()
        .zip(&committed)
        .filter_map(|(at, committed)| Some((at, committed.as_ref()?)));
    known
        .map(|(at, committed)| metadata::stage(at, committed))
        .collect()
}

fn ingest<L: Log>(
    log: &mut L,
    plan: &Arc<Plan>,
    at: &TopicPartition,
    committed: Option<&Committed>,
    known: &[StageMetadata],
    policy: StartPolicy,
) -> Result<Ingest, Fault> {
    let source = SourceId {
        topic: at.topic.clone(),
        partition: at.partition,
    };
    let partitions = log.partitions(&at.topic)?;
    if let Some(committed) = committed {
        let position = metadata::position(at, committed)?;
        return Ok(Ingest::resume(
            Arc::clone(plan),
            source,
            partitions,
            position,
            committed.offset,
        ));
    }
    let known: Vec<&KnownTopic> = known
        .iter()
        .filter_map(|panes| panes.topics.get(&at.topic))
        .collect();
    if known.iter().any(|topic| topic.has_read(at.partition)) {
        return Err(vanished(at));
    }
    // A partition that was added while running is read from its beginning, so that nothing of it is missed.
    let added = known.iter().any(|topic| at.partition >= topic.first);
    // An order that was given before the first process started is obeyed, too.
    let first = if added || at.topic == plan.topics.control {
        FirstStart::Earliest
    } else {
        policy.first
    };
    let next = log.first_offset(at, first)?;
    Ok(Ingest::begin(
        Arc::clone(plan),
        source,
        partitions,
        policy.incarnation,
        next,
    ))
}

fn vanished(at: &TopicPartition) -> Fault {
    Fault::Fatal(format!(
        "{at} was read before, but its committed offset is gone: the topic was recreated, or the offset was deleted. \
         To start a new incarnation of the topic, run `tidegauge offsets reset --topic {}` with the same configuration; it shows first what it would do",
        at.topic
    ))
}

//! Bringing back the tasks of an assignment: committed offsets first, then the state log to its true end, then reading goes on.
//!
//! The order matters: state read before the offset could be older than it. Inputs wait meanwhile; polling goes on, so
//! that the group keeps us.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::metadata::{self, KnownTopic, StageMetadata};
use super::port::{Committed, Fault, FirstStart, Log, TopicPartition};
use super::tasks::Tasks;
use crate::pipeline::evaluate::Evaluate;
use crate::pipeline::frame::SourceId;
use crate::pipeline::ingest::Ingest;
use crate::pipeline::join::JoinTask;
use crate::pipeline::state::StateReader;
use crate::pipeline::{JoinPlan, PANES_PARTITIONS, Plan};

const DAY_MILLIS: u64 = 86_400_000;

/// An assignment on its way to work.
pub struct Restoring {
    inputs: Vec<(TopicPartition, Option<Committed>)>,
    /// Partitions of `outcomes` and `panes` whose tasks are rebuilt, with what was committed of them.
    joins: BTreeMap<i32, Option<Committed>>,
    evaluates: BTreeMap<i32, Option<Committed>>,
    /// State by partition: of the join and the evaluate of that number.
    states: BTreeMap<i32, StateReader>,
    reused: Parked,
    known: Vec<StageMetadata>,
    started: bool,
    /// Records read from the state topic so far.
    pub records: u64,
}

/// Tasks that were revoked a moment ago, in case they come back: a rolling restart then restores little.
#[derive(Default)]
pub struct Parked {
    join: BTreeMap<i32, JoinTask>,
    evaluate: BTreeMap<i32, Evaluate>,
}

impl Parked {
    /// What of `tasks` is worth keeping.
    #[must_use]
    pub fn of(mut tasks: Tasks) -> Self {
        tasks.join.retain(|_, task| !task.is_replaying());
        tasks.evaluate.retain(|_, task| !task.is_replaying());
        Self {
            join: tasks.join,
            evaluate: tasks.evaluate,
        }
    }
}

/// What decides about a source nobody has read.
#[derive(Debug, Clone, Copy)]
pub struct StartPolicy {
    /// Where a group begins that is new.
    pub first: FirstStart,
    /// The life that new sources begin.
    pub incarnation: u64,
}

impl Restoring {
    /// Reads the committed offsets and begins to read the state; what is still in memory from a moment ago (`parked`)
    /// is used again where nobody has committed anything since.
    ///
    /// # Errors
    /// When an offset was moved by hand, or the cluster does not answer.
    pub fn begin<L: Log>(
        log: &mut L,
        plan: &Plan,
        assigned: &[TopicPartition],
        mut parked: Parked,
    ) -> Result<Self, Fault> {
        let mut restoring = Self::unstarted();
        restoring.started = true;
        restoring.known = known_topics(log, plan)?;
        let committed = log.committed(assigned)?;
        for (at, committed) in assigned.iter().zip(committed) {
            if at.topic == plan.topics.panes {
                restoring.take_evaluate(at.partition, committed, &mut parked);
            } else if at.topic == plan.topics.outcomes {
                restoring.take_join(at.partition, committed, &mut parked);
            } else {
                restoring.inputs.push((at.clone(), committed));
            }
        }
        let partitions: Vec<i32> = restoring.states.keys().copied().collect();
        log.begin_restore(&plan.topics.state, &partitions)?;
        Ok(restoring)
    }

    fn take_evaluate(&mut self, partition: i32, committed: Option<Committed>, parked: &mut Parked) {
        let kept = parked.evaluate.remove(&partition).filter(|task| {
            let witness = metadata::encode(&StageMetadata::of(task));
            is_current(task.next_offset(), &witness, committed.as_ref())
        });
        match kept {
            Some(task) => {
                self.reused.evaluate.insert(partition, task);
            }
            None => {
                self.states.entry(partition).or_default();
                self.evaluates.insert(partition, committed);
            }
        }
    }

    fn take_join(&mut self, partition: i32, committed: Option<Committed>, parked: &mut Parked) {
        let kept = parked.join.remove(&partition).filter(|task| {
            let witness = metadata::encode(&StageMetadata::of_join(task));
            is_current(task.next_offset(), &witness, committed.as_ref())
        });
        match kept {
            Some(task) => {
                self.reused.join.insert(partition, task);
            }
            None => {
                self.states.entry(partition).or_default();
                self.joins.insert(partition, committed);
            }
        }
    }

    /// An assignment that could not be looked at yet, because the cluster does not answer.
    #[must_use]
    pub fn unstarted() -> Self {
        Self {
            inputs: Vec::new(),
            joins: BTreeMap::new(),
            evaluates: BTreeMap::new(),
            states: BTreeMap::new(),
            reused: Parked::default(),
            known: Vec::new(),
            started: false,
            records: 0,
        }
    }

    /// Whether the offsets were read.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.started
    }

    /// Reads on for a moment; answers whether all state has been read.
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

    /// The tasks, ready to go on.
    ///
    /// # Errors
    /// When state and offset do not belong together, or a source's history has vanished.
    pub fn finish<L: Log>(
        self,
        log: &mut L,
        plan: &Arc<Plan>,
        beginning: StartPolicy,
    ) -> Result<Tasks, Fault> {
        let mut tasks = Tasks {
            ingest: BTreeMap::new(),
            join: self.reused.join,
            evaluate: self.reused.evaluate,
        };
        for (at, committed) in self.inputs {
            let ingest = ingest(log, plan, &at, committed.as_ref(), &self.known, beginning)?;
            tasks.ingest.insert(at, ingest.into());
        }
        let nothing = StateReader::default();
        let state = |partition: &i32| self.states.get(partition).unwrap_or(&nothing);
        for (partition, committed) in self.joins {
            let state = state(&partition);
            let join = join(log, plan, partition, committed.as_ref(), state, beginning)?;
            tasks.join.insert(partition, join);
        }
        for (partition, committed) in self.evaluates {
            let state = state(&partition);
            let evaluate = evaluate(log, plan, partition, committed.as_ref(), state)?;
            tasks.evaluate.insert(partition, evaluate);
        }
        Ok(tasks)
    }
}

/// Whether what was committed last for a task is what it holds: the offset alone does not say, because another owner may
/// have judged and published without reading a frame.
fn is_current(next: i64, witness: &String, committed: Option<&Committed>) -> bool {
    committed
        .is_some_and(|stable| stable.offset == next && stable.metadata.as_ref() == Some(witness))
}

/// What the offsets of the internal topics remember of the inputs.
fn known_topics<L: Log>(log: &mut L, plan: &Plan) -> Result<Vec<StageMetadata>, Fault> {
    let mut known = known_to(log, &plan.topics.panes)?;
    if plan.joins() {
        known.extend(known_to(log, &plan.topics.outcomes)?);
    }
    Ok(known)
}

fn known_to<L: Log>(log: &mut L, topic: &str) -> Result<Vec<StageMetadata>, Fault> {
    let count = log.partitions(topic)?;
    if u32::try_from(count) != Ok(PANES_PARTITIONS) {
        return Err(Fault::Fatal(format!(
            "topic {topic} has {count} partitions and must have {PANES_PARTITIONS}: the number decides which partition evaluates a model and \
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
    beginning: StartPolicy,
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
    // A partition that was added while running is read from its beginning: nothing of it may be missed.
    let added = known.iter().any(|topic| at.partition >= topic.first);
    let first = if added {
        FirstStart::Earliest
    } else {
        beginning.first
    };
    let next = log.first_offset(at, first)?;
    Ok(Ingest::genesis(
        Arc::clone(plan),
        source,
        partitions,
        beginning.incarnation,
        next,
    ))
}

fn vanished(at: &TopicPartition) -> Fault {
    Fault::Fatal(format!(
        "{at} was read before, but its committed offset is gone: the topic was recreated, or the offset was deleted. \
         To start a new incarnation of the topic and report the missing records as lost, run `tidegauge offsets reset --topic {}`",
        at.topic
    ))
}

fn evaluate<L: Log>(
    log: &mut L,
    plan: &Arc<Plan>,
    partition: i32,
    committed: Option<&Committed>,
    reader: &StateReader,
) -> Result<Evaluate, Fault> {
    let at = TopicPartition::of(&plan.topics.panes, partition);
    let restored = Evaluate::restore(Arc::clone(plan), partition, reader)?;
    let stands = restored.as_ref().map(Evaluate::next_offset);
    match restored {
        Some(evaluate) if committed.is_some_and(|c| c.offset == evaluate.next_offset()) => {
            Ok(evaluate)
        }
        None if committed.is_none() => {
            let first = log.first_offset(&at, FirstStart::Earliest)?;
            Ok(Evaluate::begin(Arc::clone(plan), partition, first))
        }
        _ => Err(torn(&at, stands, committed)),
    }
}

fn join<L: Log>(
    log: &mut L,
    plan: &Arc<Plan>,
    partition: i32,
    committed: Option<&Committed>,
    reader: &StateReader,
    beginning: StartPolicy,
) -> Result<JoinTask, Fault> {
    let at = TopicPartition::of(&plan.topics.outcomes, partition);
    let restored = JoinTask::restore(plan, partition, reader)?;
    let stands = restored.as_ref().map(JoinTask::next_offset);
    match restored {
        Some(join) if committed.is_some_and(|c| c.offset == join.next_offset()) => {
            let first = log.first_offset(&at, FirstStart::Earliest)?;
            if first > join.read_from() && join.read_from() < join.next_offset() {
                return Err(too_short(&at, first, join.read_from(), &plan.join));
            }
            Ok(join)
        }
        None if committed.is_none() => {
            let first = log.first_offset(&at, FirstStart::Earliest)?;
            let plan = Arc::clone(plan);
            Ok(JoinTask::begin(
                plan,
                partition,
                beginning.incarnation,
                first,
            ))
        }
        _ => Err(torn(&at, stands, committed)),
    }
}

fn torn(at: &TopicPartition, stands: Option<i64>, committed: Option<&Committed>) -> Fault {
    Fault::Fatal(format!(
        "the state of {at} belongs to {}, but the group committed {}: another group uses this `topics.prefix`, the group's offsets expired, or an \
         internal topic was modified. Start anew with another `kafka.group` and `topics.prefix`",
        described(stands),
        described(committed.map(|c| c.offset)),
    ))
}

fn too_short(at: &TopicPartition, first: i64, needed: i64, join: &JoinPlan) -> Fault {
    let days = join.retention_days();
    Fault::Fatal(format!(
        "{at} begins at offset {first}, but predictions that still wait for their labels begin at {needed}: the topic keeps its records \
         for too short a time, or all processes were stopped for too long. Start anew with another `kafka.group` and `topics.prefix`, with \
         retention.ms={} ({days} days) or more for {}",
        days * DAY_MILLIS,
        at.topic
    ))
}

fn described(offset: Option<i64>) -> String {
    offset.map_or_else(
        || "no offset".to_owned(),
        |offset| format!("offset {offset}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_that_was_too_short_is_named_with_the_one_that_is_needed() {
        let at = TopicPartition::of("t.outcomes.v1", 3);
        let text = too_short(&at, 9, 5, &JoinPlan::default()).to_string();
        assert!(
            text.contains("retention.ms=950400000 (11 days) or more for t.outcomes.v1"),
            "{text}"
        );
    }
}

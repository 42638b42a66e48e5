//! Bringing back the tasks of an assignment: committed offsets first, then the state log to its true end, then reading goes on.
//!
//! The order matters: state read before the offset could be older than it. Inputs wait meanwhile; polling goes on, so
//! that the group keeps us.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::metadata::{self, KnownTopic, PanesMetadata};
use super::port::{Committed, Fault, FirstStart, Log, TopicPartition};
use super::tasks::Tasks;
use crate::pipeline::evaluate::Evaluate;
use crate::pipeline::frame::SourceId;
use crate::pipeline::ingest::Ingest;
use crate::pipeline::state::StateReader;
use crate::pipeline::{PANES_PARTITIONS, Plan};

/// An assignment on its way to work.
pub struct Restoring {
    inputs: Vec<(TopicPartition, Option<Committed>)>,
    panes: BTreeMap<i32, (Option<Committed>, StateReader)>,
    reused: BTreeMap<i32, Evaluate>,
    known: Vec<PanesMetadata>,
    started: bool,
    /// Records read from the state topic so far.
    pub records: u64,
}

/// What decides about a source nobody has read.
#[derive(Debug, Clone, Copy)]
pub struct Beginning {
    /// Where a group begins that is new.
    pub first: FirstStart,
    /// The life that new sources begin.
    pub incarnation: u64,
}

impl Restoring {
    /// Reads the committed offsets and begins to read the state; what is still in memory from a moment ago (`parked`)
    /// is used again where nobody has committed anything since, so that a rolling restart restores little.
    ///
    /// # Errors
    /// When an offset was moved by hand, or the cluster does not answer.
    pub fn begin<L: Log>(
        log: &mut L,
        plan: &Plan,
        assigned: &[TopicPartition],
        mut parked: BTreeMap<i32, Evaluate>,
    ) -> Result<Self, Fault> {
        let known = known_topics(log, plan)?;
        let committed = log.committed(assigned)?;
        let (mut inputs, mut panes, mut reused) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for (at, committed) in assigned.iter().zip(committed) {
            if at.topic != plan.topics.panes {
                inputs.push((at.clone(), committed));
                continue;
            }
            match (parked.remove(&at.partition), &committed) {
                (Some(task), Some(stable)) if is_current(&task, stable) => {
                    reused.insert(at.partition, task);
                }
                _ => {
                    panes.insert(at.partition, (committed, StateReader::default()));
                }
            }
        }
        let partitions: Vec<i32> = panes.keys().copied().collect();
        log.begin_restore(&plan.topics.state, &partitions)?;
        Ok(Self {
            inputs,
            panes,
            reused,
            known,
            started: true,
            records: 0,
        })
    }

    /// An assignment that could not be looked at yet, because the cluster does not answer.
    #[must_use]
    pub fn unstarted() -> Self {
        Self {
            inputs: Vec::new(),
            panes: BTreeMap::new(),
            reused: BTreeMap::new(),
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
        let (panes, records) = (&mut self.panes, &mut self.records);
        let mut bad = None;
        let done = log.restore(&mut |partition, key, value| {
            *records += 1;
            if let Some((_, reader)) = panes.get_mut(&partition) {
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
        beginning: Beginning,
    ) -> Result<Tasks, Fault> {
        let mut tasks = Tasks {
            evaluate: self.reused,
            ..Tasks::default()
        };
        for (at, committed) in self.inputs {
            let ingest = ingest(log, plan, &at, committed.as_ref(), &self.known, beginning)?;
            tasks.ingest.insert(at, ingest.into());
        }
        for (partition, (committed, reader)) in self.panes {
            let evaluate = evaluate(log, plan, partition, committed.as_ref(), &reader)?;
            tasks.evaluate.insert(partition, evaluate);
        }
        Ok(tasks)
    }
}

/// Whether what was committed last for a task is what it holds: the offset alone does not say, because another owner may
/// have judged and published without reading a frame.
fn is_current(task: &Evaluate, committed: &Committed) -> bool {
    let witness = metadata::encode(&PanesMetadata::of(task));
    task.next_offset() == committed.offset && committed.metadata.as_ref() == Some(&witness)
}

/// What the offsets of `panes` remember of the inputs.
fn known_topics<L: Log>(log: &mut L, plan: &Plan) -> Result<Vec<PanesMetadata>, Fault> {
    let count = log.partitions(&plan.topics.panes)?;
    if u32::try_from(count) != Ok(PANES_PARTITIONS) {
        return Err(Fault::Fatal(format!(
            "the topic {} has {count} partitions and must have {PANES_PARTITIONS}: their number decides where a model is judged and is \
             fixed for life. Name new internal topics by another `topics.prefix`",
            plan.topics.panes
        )));
    }
    let all: Vec<TopicPartition> = (0..count)
        .map(|partition| TopicPartition {
            topic: plan.topics.panes.clone(),
            partition,
        })
        .collect();
    let committed = log.committed(&all)?;
    let known = all
        .iter()
        .zip(&committed)
        .filter_map(|(at, committed)| Some((at, committed.as_ref()?)));
    known
        .map(|(at, committed)| metadata::panes(at, committed))
        .collect()
}

fn ingest<L: Log>(
    log: &mut L,
    plan: &Arc<Plan>,
    at: &TopicPartition,
    committed: Option<&Committed>,
    known: &[PanesMetadata],
    beginning: Beginning,
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
    if known.iter().any(|topic| topic.has_heard(at.partition)) {
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
        "{at} was read before, but its committed offset is gone: the topic was recreated or the offset deleted. \
         To begin a new life of the topic and record the rest as lost, run `tidegauge offsets reset --topic {}`",
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
    let at = TopicPartition {
        topic: plan.topics.panes.clone(),
        partition,
    };
    let restored = Evaluate::restore(Arc::clone(plan), partition, reader)
        .map_err(|bad| Fault::Fatal(bad.to_string()))?;
    match (restored, committed) {
        (Some(evaluate), Some(committed)) if evaluate.next_offset() == committed.offset => {
            Ok(evaluate)
        }
        (None, None) => Ok(Evaluate::begin(
            Arc::clone(plan),
            partition,
            log.first_offset(&at, FirstStart::Earliest)?,
        )),
        (restored, committed) => Err(Fault::Fatal(format!(
            "the state of {at} stands at {} but the committed offset at {}: another group owns this `topics.prefix`, the group's offsets expired, or an internal topic was tampered with. \
             To begin anew, choose another `kafka.group` and `topics.prefix`",
            described(restored.map(|e| e.next_offset())),
            described(committed.map(|c| c.offset)),
        ))),
    }
}

fn described(offset: Option<i64>) -> String {
    offset.map_or_else(|| "nothing".to_owned(), |offset| format!("offset {offset}"))
}

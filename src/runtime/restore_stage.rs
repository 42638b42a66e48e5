//! Restores the tasks of one stage: parked ones are used again, all others are read from the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::metadata::{self, StageMetadata};
use super::port::{Committed, Fault, FirstStart, Log, TopicPartition};
use super::tasks::{StageTasks, places};
use crate::pipeline::join::JoinTask;
use crate::pipeline::stage::Stage;
use crate::pipeline::state::StateReader;
use crate::pipeline::{JoinPlan, Plan};

const DAY_MILLIS: u64 = 86_400_000;

/// The tasks of one stage on their way back.
pub struct StageRestore<S> {
    parked: StageTasks<S>,
    reused: StageTasks<S>,
    /// Committed offsets of the partitions whose tasks are read from the state.
    missing: BTreeMap<i32, Option<Committed>>,
}

impl<S> Default for StageRestore<S> {
    fn default() -> Self {
        Self {
            parked: StageTasks::new(),
            reused: StageTasks::new(),
            missing: BTreeMap::new(),
        }
    }
}

impl<S: Stage> StageRestore<S> {
    /// A restore that may use the tasks in `parked` again.
    #[must_use]
    pub fn with(parked: StageTasks<S>) -> Self {
        Self {
            parked,
            ..Self::default()
        }
    }

    /// Adds a partition with its committed offset.
    pub fn assign(&mut self, partition: i32, committed: Option<Committed>) {
        let parked = self.parked.remove(&partition);
        match parked.filter(|task| is_current(task, committed.as_ref())) {
            Some(task) => {
                self.reused.insert(partition, task);
            }
            None => {
                self.missing.insert(partition, committed);
            }
        }
    }

    /// The partitions whose state must be read.
    pub fn partitions(&self) -> impl Iterator<Item = i32> {
        self.missing.keys().copied()
    }

    /// All tasks, ready to work.
    ///
    /// # Errors
    /// When state and offset do not belong together.
    pub fn finish<L: Log>(
        self,
        log: &mut L,
        plan: &Arc<Plan>,
        states: &BTreeMap<i32, StateReader>,
        incarnation: u64,
    ) -> Result<StageTasks<S>, Fault> {
        let nothing = StateReader::default();
        let mut tasks = self.reused;
        for (partition, committed) in self.missing {
            let state = states.get(&partition).unwrap_or(&nothing);
            let task = match S::restore(plan, partition, state)? {
                None if committed.is_none() => {
                    let at = TopicPartition::of(S::topic(&plan.topics), partition);
                    let first = log.first_offset(&at, FirstStart::Earliest)?;
                    S::begin(plan, partition, incarnation, first)
                }
                restored => belonging(plan, partition, restored, committed.as_ref())?,
            };
            tasks.insert(partition, task);
        }
        Ok(tasks)
    }
}

/// True if the last commit of the partition is what `task` holds. The offset alone does not show that: another owner may
/// have judged and published without reading a frame.
fn is_current(task: &impl Stage, committed: Option<&Committed>) -> bool {
    let metadata = metadata::encode(&StageMetadata::of(task));
    committed.is_some_and(|stable| {
        stable.offset == task.intake().next_offset() && stable.metadata.as_ref() == Some(&metadata)
    })
}

/// The restored task, if it stands at the committed offset.
fn belonging<S: Stage>(
    plan: &Plan,
    partition: i32,
    restored: Option<S>,
    committed: Option<&Committed>,
) -> Result<S, Fault> {
    let next = restored.as_ref().map(|task| task.intake().next_offset());
    let committed = committed.map(|committed| committed.offset);
    match restored {
        Some(task) if next == committed => Ok(task),
        _ => {
            let at = TopicPartition::of(S::topic(&plan.topics), partition);
            Err(torn(&at, next, committed))
        }
    }
}

fn torn(at: &TopicPartition, state: Option<i64>, committed: Option<i64>) -> Fault {
    let described = |offset: Option<i64>| {
        offset.map_or_else(
            || "no offset".to_owned(),
            |offset| format!("offset {offset}"),
        )
    };
    Fault::Fatal(format!(
        "the state of {at} belongs to {}, but the group committed {}: another group uses this `topics.prefix`, the group's offsets expired, or an \
         internal topic was modified. Start anew with another `kafka.group` and `topics.prefix`",
        described(state),
        described(committed),
    ))
}

/// Refuses a join whose topic no longer has the frames that the join must read again.
///
/// # Errors
/// When the topic begins after the first of these frames.
pub fn check_retention<L: Log>(
    log: &mut L,
    plan: &Plan,
    joins: &StageTasks<JoinTask>,
) -> Result<(), Fault> {
    let replaying = places(joins, &plan.topics).filter(|(_, join)| join.intake().is_replaying());
    for (at, join) in replaying {
        let needed = join.intake().read_from();
        let first = log.first_offset(&at, FirstStart::Earliest)?;
        if first > needed {
            return Err(too_short(&at, first, needed, &plan.join));
        }
    }
    Ok(())
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

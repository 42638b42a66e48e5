//! Restores the tasks of one stage: parked ones are used again, all others are read from the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::metadata::{self, StageMetadata};
use super::port::{Committed, Fault, FirstStart, Log, TopicPartition};
use super::tasks::StageTasks;
use crate::pipeline::Plan;
use crate::pipeline::stage::Stage;
use crate::pipeline::state::StateReader;

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

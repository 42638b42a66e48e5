//! Positions outside their logs: a restored task must not begin where its log has no record, or never had one.
//!
//! **What can be known.** An offset before the log was deleted. Whether a record lay there is known to nobody: markers of
//! transactions and records of aborted ones take offsets, too. So the number of offsets is an upper bound on the loss. Idle
//! sources and a stop pass the markers at the end of a log ([`Ingest::pass_markers`]), so that a source which was read to its
//! end stands at the end, and a log that is emptied behind it is no loss. An offset beyond the log belongs to another topic of
//! that name, or to records that the brokers have lost.
//!
//! [`Ingest::pass_markers`]: crate::pipeline::ingest::Ingest::pass_markers

use std::collections::BTreeMap;

use super::port::{Fault, Log, LogExtent, TopicPartition};
use super::tasks::{Tasks, places};
use crate::pipeline::stage::Stage;
use crate::pipeline::{JoinPlan, Plan};

const DAY_MILLIS: u64 = 86_400_000;

/// Refuses tasks whose position lies outside the log that they read.
///
/// # Errors
/// The first such position, with its numbers and the fix; or the cluster does not answer.
pub fn check<L: Log>(log: &mut L, plan: &Plan, tasks: &Tasks) -> Result<(), Fault> {
    let inputs = tasks.ingest.iter();
    let inputs = inputs.map(|(at, task)| (at.clone(), task.ingest.next_offset()));
    let positions: Vec<(TopicPartition, i64)> = inputs
        .chain(read_from(places(&tasks.join, &plan.topics)))
        .chain(read_from(places(&tasks.evaluate, &plan.topics)))
        .collect();
    let partitions: Vec<TopicPartition> = positions.iter().map(|(at, _)| at.clone()).collect();
    let extents = log.extents(&partitions)?;
    for ((at, next), extent) in positions.iter().zip(extents) {
        if *next < extent.first {
            return Err(deleted(at, *next, extent, plan));
        }
        if *next > extent.end {
            return Err(beyond(at, *next, extent, plan));
        }
    }
    check_sizes(log, plan, tasks)
}

/// Refuses an input topic that has fewer partitions than it had: it was created again. Its clock would wait for ever for the
/// partitions that are gone.
fn check_sizes<L: Log>(log: &mut L, plan: &Plan, tasks: &Tasks) -> Result<(), Fault> {
    let joins = tasks.join.values().map(|task| task.intake().cursors());
    let evaluates = tasks.evaluate.values().map(|task| task.intake().cursors());
    let mut known: BTreeMap<&String, i32> = BTreeMap::new();
    for (topic, size) in joins.chain(evaluates).flat_map(|cursors| cursors.topics()) {
        let had = known.entry(topic).or_default();
        *had = size.now.max(*had);
    }
    for topic in plan.topics.inputs() {
        let Some(&had) = known.get(topic) else {
            continue;
        };
        let has = log.partitions(topic)?;
        if has < had {
            return Err(Fault::Fatal(format!(
                "{topic} has {has} partitions, but it had {had}: it was created again under its name. Nothing could be judged, because the \
                 clock waits for the others. Start anew with another `kafka.group` and `topics.prefix`, or create it with {had} partitions"
            )));
        }
    }
    Ok(())
}

fn read_from<'a, S: Stage + 'a>(
    places: impl Iterator<Item = (TopicPartition, &'a S)>,
) -> impl Iterator<Item = (TopicPartition, i64)> {
    places.map(|(at, task)| (at, task.intake().read_from()))
}

fn deleted(at: &TopicPartition, next: i64, log: LogExtent, plan: &Plan) -> Fault {
    let (first, topic) = (log.first, &at.topic);
    if *topic == plan.topics.outcomes {
        return too_short(at, first, next, &plan.join);
    }
    if *topic == plan.topics.panes {
        return Fault::Fatal(format!(
            "{at} begins at offset {first}, but the state continues at {next}: frames were deleted before they were read, because nothing was read \
             or nothing was written for longer than the topic keeps its records. Start anew with another `kafka.group` and `topics.prefix`"
        ));
    }
    let count = first.saturating_sub(next);
    Fault::Fatal(format!(
        "{at} begins at offset {first}, but the group stands at {next}: up to {count} records were deleted before they were read (in a topic that \
         is written by transactions some of these offsets are markers). To continue at the oldest record that is left, and to report this, run \
         `tidegauge offsets reset --topic {topic}` with the same configuration"
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

fn beyond(at: &TopicPartition, next: i64, log: LogExtent, plan: &Plan) -> Fault {
    let (end, topic) = (log.end, &at.topic);
    let what = format!(
        "{at} ends at offset {end}, but the group stands at {next}: the topic was created again under its name, or its brokers lost records"
    );
    let mut reset = plan.topics.inputs().chain([&plan.topics.control]);
    Fault::Fatal(if reset.any(|input| input == topic) {
        format!(
            "{what}. To read it from its oldest record on, run `tidegauge offsets reset --topic {topic}` with the same configuration; it shows first what it would do"
        )
    } else {
        format!("{what}. Start anew with another `kafka.group` and `topics.prefix`")
    })
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

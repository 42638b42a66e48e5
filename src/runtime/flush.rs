//! What one flush gathers from the tasks.

use std::collections::BTreeMap;

use super::metadata::{self, StageMetadata};
use super::observe::{FlushReport, Published};
use super::port::{Batch, Fault, Outgoing, Target, TopicPartition};
use super::tasks::Tasks;
use crate::join::Outcomes;
use crate::pipeline::Plan;
use crate::pipeline::frame::{Frame, Payload, Summary, pack};
use crate::pipeline::invariant::{InvariantId, Violation};
use crate::pipeline::outbox::Writes;
use crate::pipeline::output::{Output, OutputTopic};

/// What is to be committed, and what was done by source.
pub struct Gathered<O> {
    /// For the log.
    pub batch: Batch<O>,
    /// For the meter, once it is committed.
    pub news: FlushReport,
}

/// Gathers frames, writes and dead letters; the offsets are those of every task, advanced or not.
///
/// # Errors
/// When a task broke an invariant: nothing may be committed.
pub fn gather<O>(
    tasks: &mut Tasks,
    plan: &Plan,
    dead_letters: Vec<Outgoing<O>>,
) -> Result<Gathered<O>, Fault> {
    let mut news = FlushReport {
        dead_letters: dead_letters.len() as u64,
        ..FlushReport::default()
    };
    let mut records = dead_letters;
    let mut frames = Frames::default();
    gather_ingest(tasks, plan, &mut frames, &mut records, &mut news)?;
    gather_join(tasks, plan, &mut frames, &mut records, &mut news)?;
    write(frames.outcomes, &plan.topics.outcomes, &mut records)?;
    write(frames.panes, &plan.topics.panes, &mut records)?;
    for (partition, evaluate) in &mut tasks.evaluate {
        let evaluated = evaluate.flush()?;
        let published = Published {
            observations: evaluated.observations,
            ..append(&mut records, plan, *partition, evaluated.writes)
        };
        news.published.push((*partition, published));
    }
    Ok(Gathered {
        batch: Batch {
            records,
            offsets: offsets(tasks, plan),
        },
        news,
    })
}

/// Frames by the partition they go to.
#[derive(Default)]
struct Frames {
    outcomes: BTreeMap<i32, Vec<Frame<Outcomes>>>,
    panes: BTreeMap<i32, Vec<Frame<Summary>>>,
}

fn gather_ingest<O>(
    tasks: &mut Tasks,
    plan: &Plan,
    frames: &mut Frames,
    records: &mut Vec<Outgoing<O>>,
    news: &mut FlushReport,
) -> Result<(), Violation> {
    for (at, task) in &mut tasks.ingest {
        if task.ingest.has_news() {
            let flushed = task.ingest.flush();
            flushed.check(task.ingest.source())?;
            deal(&mut frames.panes, flushed.panes);
            deal(&mut frames.outcomes, flushed.outcomes);
            let outputs = flushed.outputs.into_iter();
            records.extend(outputs.map(|output| outgoing(plan, output)));
            news.ingest_counts.push((at.clone(), flushed.counts));
        }
    }
    let rejected = news
        .ingest_counts
        .iter()
        .map(|(_, counts)| counts.rejected());
    check_letters(news.dead_letters, rejected.sum())
}

/// Asserts that each record that was rejected is kept as a dead letter.
fn check_letters(letters: u64, rejected: u64) -> Result<(), Violation> {
    InvariantId::DeadLetterConservation.check(letters == rejected, || {
        format!("{letters} dead letters of {rejected} rejected records")
    })
}

fn gather_join<O>(
    tasks: &mut Tasks,
    plan: &Plan,
    frames: &mut Frames,
    records: &mut Vec<Outgoing<O>>,
    news: &mut FlushReport,
) -> Result<(), Fault> {
    for (partition, join) in &mut tasks.join {
        if join.has_news() {
            let joined = join.flush()?;
            deal(&mut frames.panes, joined.panes);
            append(records, plan, *partition, joined.writes);
            news.joined.push((*partition, joined.duplicate_frames));
        }
    }
    Ok(())
}

/// Puts the frame of each partition where those of other sources lie.
fn deal<L>(frames: &mut BTreeMap<i32, Vec<Frame<L>>>, of_source: Vec<Frame<L>>) {
    for (partition, frame) in (0..).zip(of_source) {
        frames.entry(partition).or_default().push(frame);
    }
}

fn write<L: Payload, O>(
    frames: BTreeMap<i32, Vec<Frame<L>>>,
    topic: &str,
    records: &mut Vec<Outgoing<O>>,
) -> Result<(), Fault> {
    for (partition, frames) in frames {
        for value in pack(frames).map_err(unwritable)? {
            records.push(to_partition(topic, partition, Vec::new(), Some(value)));
        }
    }
    Ok(())
}

fn unwritable(error: postcard::Error) -> Fault {
    Fault::Fatal(format!("a frame cannot be encoded: {error}"))
}

/// Moves what must be written into `records`, and counts it.
fn append<O>(
    records: &mut Vec<Outgoing<O>>,
    plan: &Plan,
    partition: i32,
    writes: Writes,
) -> Published {
    let mut published = Published::default();
    for output in writes.outputs {
        *published.records.entry(output.topic).or_default() += 1;
        records.push(outgoing(plan, output));
    }
    for (key, value) in writes.state {
        published.state_bytes += value.as_ref().map_or(0, Vec::len) as u64;
        records.push(to_partition(&plan.topics.state, partition, key, value));
    }
    published
}

fn to_partition<O>(
    topic: &str,
    partition: i32,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
) -> Outgoing<O> {
    Outgoing::Record {
        topic: topic.to_owned(),
        target: Target::Partition(partition),
        key,
        headers: Vec::new(),
        value,
    }
}

fn outgoing<O>(plan: &Plan, output: Output) -> Outgoing<O> {
    let topic = match output.topic {
        OutputTopic::Drift => &plan.topics.alerts_drift,
        OutputTopic::Slo => &plan.topics.alerts_slo,
        OutputTopic::Anomaly => &plan.topics.alerts_anomaly,
        OutputTopic::Reports => &plan.topics.reports,
        OutputTopic::References => &plan.topics.references,
    };
    Outgoing::Record {
        topic: topic.clone(),
        target: Target::ByKey,
        key: output.key.into_bytes(),
        headers: output.headers,
        value: Some(output.value),
    }
}

fn offsets(tasks: &Tasks, plan: &Plan) -> Vec<(TopicPartition, i64, String)> {
    let inputs = tasks.ingest.iter().map(|(at, task)| {
        let position = metadata::encode(task.ingest.position());
        (at.clone(), task.ingest.next_offset(), position)
    });
    let outcomes = tasks.join.iter().map(|(partition, join)| {
        let metadata = metadata::encode(&StageMetadata::of_join(join));
        (
            TopicPartition::of(&plan.topics.outcomes, *partition),
            join.next_offset(),
            metadata,
        )
    });
    let panes = tasks.evaluate.iter().map(|(partition, evaluate)| {
        let metadata = metadata::encode(&StageMetadata::of(evaluate));
        (
            TopicPartition::of(&plan.topics.panes, *partition),
            evaluate.next_offset(),
            metadata,
        )
    });
    inputs.chain(outcomes).chain(panes).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_record_without_a_dead_letter_breaks_an_invariant() {
        check_letters(3, 3).unwrap();
        let violation = check_letters(2, 3).unwrap_err();
        assert_eq!(violation.id, InvariantId::DeadLetterConservation);
        assert_eq!(violation.figures, "2 dead letters of 3 rejected records");
    }
}

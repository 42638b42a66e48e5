//! What one flush gathers from the tasks.

use std::collections::BTreeMap;

use super::metadata::{self, StageMetadata};
use super::observe::FlushReport;
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
    let mut news = FlushReport::default();
    let letters = dead_letters.len() as u64;
    let mut records = dead_letters;
    let mut frames = Frames::default();
    gather_ingest(tasks, plan, &mut frames, &mut records, &mut news)?;
    check_letters(letters, &news)?;
    gather_join(tasks, plan, &mut frames, &mut records, &mut news)?;
    write(frames.outcomes, &plan.topics.outcomes, &mut records)?;
    write(frames.panes, &plan.topics.panes, &mut records)?;
    for (partition, evaluate) in &mut tasks.evaluate {
        let evaluated = evaluate.flush()?;
        append(&mut records, plan, *partition, evaluated.writes);
        news.evaluate.push((*partition, evaluated.observations));
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
    for task in tasks.ingest.values_mut() {
        if task.ingest.has_news() {
            let flushed = task.ingest.flush();
            flushed.check()?;
            deal(&mut frames.panes, flushed.panes);
            deal(&mut frames.outcomes, flushed.outcomes);
            let outputs = flushed.outputs.into_iter();
            records.extend(outputs.map(|output| outgoing(plan, output)));
            news.ingest.push(flushed.observations);
        }
    }
    Ok(())
}

/// Asserts that each record that was rejected is kept as a dead letter.
fn check_letters(letters: u64, report: &FlushReport) -> Result<(), Violation> {
    let sources = report.ingest.iter();
    let rejected: u64 = sources.map(|ingest| ingest.counts.rejected_total()).sum();
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
            news.joins.push(joined.observations);
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

/// Moves what must be written into `records`.
fn append<O>(records: &mut Vec<Outgoing<O>>, plan: &Plan, partition: i32, writes: Writes) {
    let outputs = writes.outputs.into_iter();
    records.extend(outputs.map(|output| outgoing(plan, output)));
    for (key, value) in writes.state {
        records.push(to_partition(&plan.topics.state, partition, key, value));
    }
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
    use crate::event::Reject;
    use crate::pipeline::frame::SourceId;
    use crate::pipeline::observations::{IngestCounts, IngestObservations};

    #[test]
    fn a_rejected_record_without_a_dead_letter_breaks_an_invariant() {
        let rejected = IngestObservations {
            source: SourceId {
                topic: "in".into(),
                partition: 0,
            },
            counts: IngestCounts {
                rejected: BTreeMap::from([(Reject::NotJson, 3)]),
                ..IngestCounts::default()
            },
            watermark: None,
        };
        let report = FlushReport {
            ingest: vec![rejected],
            ..FlushReport::default()
        };
        check_letters(3, &report).unwrap();
        let violation = check_letters(2, &report).unwrap_err();
        assert_eq!(violation.id, InvariantId::DeadLetterConservation);
        assert_eq!(violation.figures, "2 dead letters of 3 rejected records");
    }
}

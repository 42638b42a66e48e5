//! What one flush gathers from the tasks.

use std::collections::BTreeMap;

use super::look::{News, Published};
use super::metadata::{self, PanesMetadata};
use super::port::{Batch, Fault, Outgoing, Target, TopicPartition};
use super::tasks::Tasks;
use crate::pipeline::Plan;
use crate::pipeline::effect::{Effects, Output, OutputTopic};
use crate::pipeline::frame::{Frame, pack};

/// What is to be committed, and what was done by source.
pub struct Gathered<O> {
    /// For the log.
    pub batch: Batch<O>,
    /// For the meter, once it is committed.
    pub news: News,
}

/// Gathers frames, effects and dead letters; the offsets are those of every task, advanced or not.
///
/// # Errors
/// Never in practice: a vector takes any bytes.
pub fn gather<O>(
    tasks: &mut Tasks,
    plan: &Plan,
    dead_letters: Vec<Outgoing<O>>,
) -> Result<Gathered<O>, Fault> {
    let mut news = News {
        dead_letters: dead_letters.len() as u64,
        ..News::default()
    };
    let mut records = dead_letters;
    let mut frames: BTreeMap<i32, Vec<Frame>> = BTreeMap::new();
    for (at, task) in &mut tasks.ingest {
        if task.ingest.has_news() {
            let flushed = task.ingest.flush();
            for (partition, frame) in (0..).zip(flushed.frames) {
                frames.entry(partition).or_default().push(frame);
            }
            records.extend(
                flushed
                    .outputs
                    .into_iter()
                    .map(|output| outgoing(plan, output)),
            );
            news.tallies.push((at.clone(), flushed.tally));
        }
    }
    for (partition, frames) in frames {
        for value in pack(frames).map_err(unwritable)? {
            records.push(to_partition(
                &plan.topics.panes,
                partition,
                Vec::new(),
                Some(value),
            ));
        }
    }
    for (partition, evaluate) in &mut tasks.evaluate {
        let effects = evaluate
            .flush()
            .map_err(|stop| Fault::Fatal(stop.to_string()))?;
        news.effects.push((
            *partition,
            append_effects(&mut records, plan, *partition, effects),
        ));
    }
    Ok(Gathered {
        batch: Batch {
            records,
            offsets: offsets(tasks, plan),
        },
        news,
    })
}

fn unwritable(error: postcard::Error) -> Fault {
    Fault::Fatal(format!("a frame cannot be written: {error}"))
}

/// Moves what is to be written into `records`; what is left is for those who look on.
fn append_effects<O>(
    records: &mut Vec<Outgoing<O>>,
    plan: &Plan,
    partition: i32,
    mut effects: Effects,
) -> Published {
    let mut published = Published::default();
    for output in std::mem::take(&mut effects.outputs) {
        *published.records.entry(output.topic).or_default() += 1;
        records.push(outgoing(plan, output));
    }
    for (key, value) in std::mem::take(&mut effects.state) {
        published.state_bytes += value.as_ref().map_or(0, Vec::len) as u64;
        records.push(to_partition(&plan.topics.state, partition, key, value));
    }
    published.effects = effects;
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
        (
            at.clone(),
            task.ingest.next_offset(),
            metadata::encode(task.ingest.position()),
        )
    });
    let panes = tasks.evaluate.iter().map(|(partition, evaluate)| {
        let at = TopicPartition {
            topic: plan.topics.panes.clone(),
            partition: *partition,
        };
        (
            at,
            evaluate.next_offset(),
            metadata::encode(&PanesMetadata::of(evaluate)),
        )
    });
    inputs.chain(panes).collect()
}

//! Gathers from all tasks what one flush commits: records, state and offsets.

use std::collections::BTreeMap;

use super::metadata::{self, StageMetadata};
use super::observe::FlushReport;
use super::port::{Batch, Outgoing, Target, TopicPartition};
use super::tasks::{IngestTask, StageTasks, Tasks, places};
use crate::event::Tick;
use crate::join::Outcomes;
use crate::pipeline::Plan;
use crate::pipeline::frame::{Frame, Payload, Summary, pack};
use crate::pipeline::invariant::{InvariantId, Violation};
use crate::pipeline::observations::AlertNotice;
use crate::pipeline::outbox::Writes;
use crate::pipeline::output::{Output, OutputTopic};
use crate::pipeline::stage::{Stage, StageError};

/// What one flush commits, and what to tell the meter afterwards.
pub struct Gathered<O> {
    /// For the log.
    pub batch: Batch<O>,
    /// For the meter, once the batch is committed.
    pub report: FlushReport,
}

/// Gathers frames, writes and dead letters. The batch has the offset of every task, advanced or not. `now` is the wall clock.
///
/// # Errors
/// When a task broke an invariant: nothing may be committed.
pub fn gather<O>(
    tasks: &mut Tasks,
    plan: &Plan,
    dead_letters: Vec<Outgoing<O>>,
    now: Tick,
) -> Result<Gathered<O>, StageError> {
    let mut report = FlushReport::default();
    let letters = dead_letters.len() as u64;
    let mut gathering = Gathering {
        plan,
        now,
        records: dead_letters,
        notices: Vec::new(),
        outcomes: BTreeMap::new(),
        panes: BTreeMap::new(),
    };
    gathering.ingest(&mut tasks.ingest, &mut report)?;
    check_letters(letters, &report)?;
    let joins = gathering.stage(&mut tasks.join)?.into_iter();
    report.joins = joins.map(|(_, observations)| observations).collect();
    gathering.send_frames()?;
    report.evaluate = gathering.stage(&mut tasks.evaluate)?;
    report.notices = gathering.notices;
    let batch = Batch {
        records: gathering.records,
        offsets: offsets(tasks, plan),
    };
    Ok(Gathered { batch, report })
}

/// Asserts that each rejected record is kept as a dead letter.
fn check_letters(letters: u64, report: &FlushReport) -> Result<(), Violation> {
    let sources = report.ingest.iter();
    let rejected: u64 = sources.map(|ingest| ingest.counts.rejected_total()).sum();
    InvariantId::DeadLetterConservation.check(letters == rejected, || {
        format!("{letters} dead letters of {rejected} rejected records")
    })
}

/// Frames to one topic, by partition.
type Frames<L> = BTreeMap<i32, Vec<Frame<L>>>;

/// What was gathered so far.
struct Gathering<'a, O> {
    plan: &'a Plan,
    now: Tick,
    notices: Vec<AlertNotice>,
    records: Vec<Outgoing<O>>,
    outcomes: Frames<Outcomes>,
    panes: Frames<Summary>,
}

impl<O> Gathering<'_, O> {
    fn ingest(
        &mut self,
        tasks: &mut BTreeMap<TopicPartition, IngestTask>,
        report: &mut FlushReport,
    ) -> Result<(), Violation> {
        for task in tasks.values_mut() {
            if task.ingest.has_changes() {
                let flushed = task.ingest.flush(self.now);
                flushed.check()?;
                deal(&mut self.panes, flushed.panes);
                deal(&mut self.outcomes, flushed.outcomes);
                for alert in &flushed.alerts {
                    self.notices.push(AlertNotice::of(alert));
                    let output = Output::alert(alert, &self.plan.alert);
                    self.records.push(outgoing(self.plan, output));
                }
                for audit in &flushed.audits {
                    self.notices.push(AlertNotice::of_audit(audit));
                    self.records.push(outgoing(self.plan, Output::audit(audit)));
                }
                report.ingest.push(flushed.observations);
            }
        }
        Ok(())
    }

    fn stage<S: Stage>(
        &mut self,
        tasks: &mut StageTasks<S>,
    ) -> Result<Vec<(i32, S::Observations)>, StageError> {
        let mut observed = Vec::new();
        for (partition, task) in tasks {
            if let Some(flushed) = task.flush(self.now)? {
                deal(&mut self.panes, flushed.panes);
                self.append(*partition, flushed.writes);
                observed.push((*partition, flushed.observations));
            }
        }
        Ok(observed)
    }

    fn append(&mut self, partition: i32, writes: Writes) {
        self.notices.extend(writes.notices);
        for output in writes.outputs {
            self.records.push(outgoing(self.plan, output));
        }
        for (key, value) in writes.state {
            let state = &self.plan.topics.state;
            self.records
                .push(to_partition(state, partition, key, value));
        }
    }

    fn send_frames(&mut self) -> Result<(), StageError> {
        let topics = &self.plan.topics;
        let outcomes = std::mem::take(&mut self.outcomes);
        send(outcomes, &topics.outcomes, &mut self.records)?;
        let panes = std::mem::take(&mut self.panes);
        send(panes, &topics.panes, &mut self.records)
    }
}

/// Adds the frames of one source, the first one for partition 0, to those of the other sources.
fn deal<L>(frames: &mut Frames<L>, of_source: Vec<Frame<L>>) {
    for (partition, frame) in (0..).zip(of_source) {
        frames.entry(partition).or_default().push(frame);
    }
}

fn send<L: Payload, O>(
    frames: Frames<L>,
    topic: &str,
    records: &mut Vec<Outgoing<O>>,
) -> Result<(), StageError> {
    for (partition, frames) in frames {
        for value in pack(frames)? {
            records.push(to_partition(topic, partition, Vec::new(), Some(value)));
        }
    }
    Ok(())
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
    inputs
        .chain(stage_offsets(&tasks.join, plan))
        .chain(stage_offsets(&tasks.evaluate, plan))
        .collect()
}

fn stage_offsets<'a, S: Stage>(
    tasks: &'a StageTasks<S>,
    plan: &'a Plan,
) -> impl Iterator<Item = (TopicPartition, i64, String)> + 'a {
    places(tasks, &plan.topics).map(|(at, task)| {
        let metadata = metadata::encode(&StageMetadata::of(task));
        (at, task.intake().next_offset(), metadata)
    })
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

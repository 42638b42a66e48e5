//! The second stage: reads the outcomes of one partition, and sends the quality that became known to `panes`.
//!
//! Outcomes are buffered until the clock, the smallest watermark of all inputs, has passed their minute. They are then
//! processed in the order of their times, so the order of arrival does not matter. Entries wait for labels too long to be
//! written to the state topic. A restart reads the frames again from the oldest entry on, and sends nothing meanwhile.

mod accumulator;
mod buckets;
mod conservation;
mod head;

use std::sync::Arc;

pub use head::JoinHead;

use self::accumulator::JoinAccumulator;
use self::buckets::BucketEntries;
use self::conservation::Imbalance;
use super::clock::{SlowestSource, slowest};
use super::cursor::Admission;
use super::frame::{Frame, FrameLink, SourceId, Summary, unpack};
use super::intake::{Intake, RecordPassed, ReplayStart};
use super::observations::JoinObservations;
use super::outbox::Outbox;
use super::partition::INTERNAL_PARTITIONS;
use super::plan::{Plan, Topics};
use super::stage::{Stage, StageError, StageFlush};
use super::state::{StateKey, StateReader, decode};
use crate::event::{EventTime, Tick};
use crate::join::{Join, JoinSettings, Outcomes};
use crate::window::Boundary;

/// The join task of one partition of `outcomes`.
pub struct JoinTask {
    plan: Arc<Plan>,
    source: SourceId,
    incarnation: u64,
    seq: u64,
    link: FrameLink,
    intake: Intake,
    /// End of the last frame to `panes`.
    start: i64,
    join: Join,
    accumulator: JoinAccumulator,
    /// What the last frame to `panes`, or the head, said was closed.
    announced: Option<Boundary>,
    buckets: BucketEntries,
    duplicate_frames: u64,
    outbox: Outbox,
    /// Imbalance after the last rebuild.
    imbalance: Imbalance,
}

impl JoinTask {
    /// What was counted, what is held, and how far a rebuild is.
    #[must_use]
    pub fn observe(&self) -> JoinObservations {
        JoinObservations {
            rebuilt: self.intake.progress(),
            duplicate_frames: self.duplicate_frames,
            ..JoinObservations::of(self.source.partition, &self.join)
        }
    }

    fn merge(&mut self, mut frame: Frame<Outcomes>) -> Result<(), StageError> {
        if self.intake.admit(&frame)? == Admission::Duplicate {
            self.duplicate_frames += u64::from(!self.intake.is_replaying());
            return Ok(());
        }
        for outcomes in std::mem::take(&mut frame.payloads) {
            self.join.submit(outcomes);
        }
        self.intake.pass(&frame);
        Ok(())
    }

    /// Writes an anchor if a record contains the first event of a bucket.
    fn anchor(&mut self, offset: i64, frames: &[Frame<Outcomes>]) -> Result<(), StageError> {
        let outcomes = frames.iter().flat_map(|frame| &frame.payloads);
        let Some(latest) = outcomes.filter_map(latest).max() else {
            return Ok(());
        };
        let bucket = settings(&self.plan).bucket_of(latest);
        if self.buckets.is_new(bucket) {
            let start = ReplayStart {
                offset,
                cursors: self.intake.merged().clone(),
            };
            self.buckets.anchor(bucket, start, &mut self.outbox)?;
        }
        Ok(())
    }

    /// The clock: the smallest watermark of all inputs. If predictions that wait for it have filled the memory, it does
    /// not wait for labels: a label behind the clock is then counted as late when it comes.
    #[must_use]
    pub fn clock(&self) -> Option<Boundary> {
        let (due, ignored) = self.awaited();
        let clock = self
            .intake
            .merged()
            .clock(|topic| !ignored.contains(&topic), due);
        clock.map(Boundary::at_or_before)
    }

    /// The input that holds the clock; of several one that `prefers` chooses.
    #[must_use]
    pub fn slowest_source(&self, prefers: impl Fn(&SourceId) -> bool) -> Option<SlowestSource> {
        let (due, ignored) = self.awaited();
        let cursors = self.intake.merged();
        slowest(cursors, |topic| !ignored.contains(&topic), due, prefers)
    }

    /// The topics that the clock waits for, and those that it ignores.
    fn awaited(&self) -> (Vec<&String>, Vec<&str>) {
        let topics = &self.plan.topics;
        let is_full = self.join.buffered_bytes() > settings(&self.plan).bytes_max;
        let labels: &[String] = if is_full { &[] } else { &topics.labels };
        let ignored: &[String] = if is_full { &topics.labels } else { &[] };
        let due = topics.predictions.iter().chain(labels);
        let ignored = topics.retired.iter().chain(ignored).map(String::as_str);
        (due.collect(), ignored.collect())
    }

    /// Closes again what was closed before the restart, as far as the clock has come. The join sends nothing meanwhile.
    fn close_again(&mut self) {
        if let Some((closed, clock)) = self.announced.zip(self.clock()) {
            self.join.close(closed.min(clock), &mut self.accumulator);
        }
    }

    /// Ends a rebuild: everything was read again.
    fn resume(&mut self) {
        self.join.resume();
        self.imbalance = Imbalance::of(&self.join);
    }

    fn frame(&self, payloads: Vec<Summary>) -> Frame<Summary> {
        Frame {
            source: self.source.clone(),
            incarnation: self.incarnation,
            seq: self.seq,
            link: self.link,
            start: self.start,
            end: self.intake.next_offset(),
            watermark: self.join.closed().map(Boundary::time),
            topic_partitions: INTERNAL_PARTITIONS as i32,
            payloads,
            piece: 0,
            more: false,
        }
    }

    fn head(&self) -> JoinHead {
        JoinHead {
            partitions: INTERNAL_PARTITIONS,
            incarnation: self.incarnation,
            seq: self.seq,
            next: self.intake.next_offset(),
            cursors: self.intake.cursors().clone(),
            checkpoint: self.join.checkpoint(),
            digest: self.outbox.digest(),
        }
    }

    /// True if a flush would send something: records were read, a minute was closed, or the task never flushed.
    fn has_changes(&self) -> bool {
        !self.intake.is_replaying()
            && (self.intake.next_offset() != self.start
                || self.join.closed() != self.announced
                || self.link != FrameLink::Next)
    }
}

impl Stage for JoinTask {
    type Observations = JoinObservations;

    fn topic(topics: &Topics) -> &str {
        &topics.outcomes
    }

    fn begin(plan: &Arc<Plan>, partition: i32, incarnation: u64, first: i64) -> Self {
        Self {
            source: SourceId {
                topic: plan.topics.outcomes.clone(),
                partition,
            },
            plan: Arc::clone(plan),
            incarnation,
            seq: 0,
            link: FrameLink::First,
            intake: Intake::begin(first),
            start: first,
            join: Join::new(settings(plan)),
            accumulator: JoinAccumulator::default(),
            announced: None,
            buckets: BucketEntries::default(),
            duplicate_frames: 0,
            outbox: Outbox::default(),
            imbalance: Imbalance::default(),
        }
    }

    fn restore(
        plan: &Arc<Plan>,
        partition: i32,
        state: &StateReader,
    ) -> Result<Option<Self>, StageError> {
        let (entries, index) = state.entries(StateKey::is_of_join)?;
        let (mut head, mut buckets) = (None, BucketEntries::default());
        let mut suppressed = Vec::new();
        for (key, value) in entries {
            match key {
                StateKey::JoinHead => head = Some(decode::<JoinHead>(&value)?),
                StateKey::JoinAnchor(bucket) => buckets.put_back_anchor(*bucket, &value)?,
                StateKey::JoinSuppressed(bucket, _) => {
                    suppressed.extend(buckets.put_back_suppressed(*bucket, &value)?);
                }
                // Entries of the evaluate task of the partition.
                StateKey::Head
                | StateKey::Pane(..)
                | StateKey::Tally(..)
                | StateKey::Variability(..)
                | StateKey::Open(..)
                | StateKey::OpenLeftOut(_)
                | StateKey::OpenQualityLeftOut(_)
                | StateKey::Model(_)
                | StateKey::Former(_)
                | StateKey::Reference(..)
                | StateKey::OpenQuality(..)
                | StateKey::Quality(..)
                | StateKey::ModelQuality(_)
                | StateKey::ObjectiveHour(..)
                | StateKey::Objective(..)
                | StateKey::Orders => {}
            }
        }
        let Some(head) = head else {
            return Ok(None);
        };
        head.check(index.digest())?;
        let start = buckets.replay_start().cloned();
        let mut task = Self {
            seq: head.seq,
            link: FrameLink::Next,
            announced: head.checkpoint.closed,
            intake: Intake::restore(head.next, head.cursors, start),
            join: Join::restore(settings(plan), head.checkpoint, suppressed),
            buckets,
            outbox: Outbox::restored(index),
            ..Self::begin(plan, partition, head.incarnation, head.next)
        };
        if !task.intake.is_replaying() {
            task.resume();
        }
        Ok(Some(task))
    }

    fn intake(&self) -> &Intake {
        &self.intake
    }

    fn submit(&mut self, offset: i64, record: &[u8]) -> Result<(), StageError> {
        let frames = unpack::<Outcomes>(record)?;
        if !self.intake.is_replaying() {
            self.anchor(offset, &frames)?;
        }
        for frame in frames {
            self.merge(frame)?;
        }
        match self.intake.pass_record(offset)? {
            RecordPassed::Live => {}
            RecordPassed::Replayed => self.close_again(),
            RecordPassed::ReplayEnded => self.resume(),
        }
        Ok(())
    }

    fn has_work(&self) -> bool {
        !self.intake.is_replaying() && self.clock() > self.join.closed()
    }

    /// Closes the next minute that the clock has passed.
    fn step(&mut self) -> Result<(), StageError> {
        let closed = self.join.closed();
        let Some(clock) = self.clock().filter(|clock| Some(*clock) > closed) else {
            return Ok(());
        };
        let until = self.join.next(clock).unwrap_or(clock);
        self.join.close(until, &mut self.accumulator);
        let settings = settings(&self.plan);
        self.buckets
            .remove_unneeded(&self.join, &settings, &mut self.outbox)?;
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.accumulator.is_full()
    }

    fn closed(&self) -> Option<Boundary> {
        if self.intake.is_replaying() {
            self.announced
        } else {
            self.join.closed()
        }
    }

    fn digest(&self) -> u64 {
        self.outbox.digest()
    }

    fn flush(&mut self, _now: Tick) -> Result<Option<StageFlush<JoinObservations>>, StageError> {
        if !self.has_changes() {
            return Ok(None);
        }
        self.imbalance.check(&self.source, &self.join)?;
        self.seq += 1;
        let suppressed = self.join.take_suppressed();
        self.buckets.suppress(suppressed, &mut self.outbox)?;
        let payloads = self.accumulator.take().into_iter();
        let panes = payloads.map(|payloads| self.frame(payloads)).collect();
        self.link = FrameLink::Next;
        self.start = self.intake.next_offset();
        self.announced = self.join.closed();
        let head = self.head();
        self.outbox.put(&StateKey::JoinHead, &head)?;
        let observations = self.observe();
        self.duplicate_frames = 0;
        Ok(Some(StageFlush {
            panes,
            writes: self.outbox.take(),
            observations,
        }))
    }
}

/// The latest time in outcomes: the event time of a prediction, or the arrival of a label.
fn latest(outcomes: &Outcomes) -> Option<EventTime> {
    let predicted = outcomes.predicted.iter().map(|predicted| predicted.time);
    predicted
        .chain(outcomes.labelled.iter().map(|label| label.arrival))
        .max()
}

fn settings(plan: &Plan) -> JoinSettings {
    JoinSettings {
        horizon_minutes: plan.join.horizon_minutes,
        lead_minutes: plan.join.lead_minutes,
        bytes_max: plan.join.bytes_max / INTERNAL_PARTITIONS as usize,
    }
}

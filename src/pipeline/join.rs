//! The second stage: outcomes of one partition in, what became known of the models' quality out.
//!
//! Everything is buffered until the clock, the smallest watermark of all inputs, has passed it, and is then worked in the
//! order of its time: in which order it arrived is forgotten. Entries live as long as a label may come, which is too much
//! to write down; a restart reads the frames again from where the oldest of them lies, in silence, up to where it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cursor::{Admission, Cursors};
use super::frame::{Frame, FrameLink, SourceId, Summary, unpack};
use super::invariant::{InvariantId, Violation};
use super::join_accumulator::JoinAccumulator;
use super::observations::{JoinObservations, Progress};
use super::outbox::{Outbox, Writes};
use super::plan::{PANES_PARTITIONS, Plan};
use super::state::{BadState, StateKey, StateReader, decode, same};
use super::stop::Stop;
use crate::event::EventTime;
use crate::join::{Join, JoinCheckpoint, JoinSettings, Outcomes, SuppressedPrediction};
use crate::window::Boundary;

/// Where a join stands: written at every commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JoinHead {
    /// Partitions of `outcomes`, fixed for life.
    pub partitions: u32,
    /// Which life of the chain of frames to `panes`.
    pub incarnation: u64,
    /// Frames so far.
    pub seq: u64,
    /// The next offset of `outcomes` to read.
    pub next: i64,
    /// Where it stands in each source.
    pub cursors: Cursors,
    /// Where the entries stand, and what became of all others.
    pub checkpoint: JoinCheckpoint,
    /// Digest of all other entries.
    pub digest: u64,
}

/// Where a restart may begin to read so as to meet everything from some time on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Anchor {
    offset: i64,
    /// Where it stood in each source before that record.
    cursors: Cursors,
}

/// Frames since the oldest entry, being read again.
struct Replay {
    from: i64,
    /// The next offset to read again.
    at: i64,
    head: JoinHead,
}

impl Replay {
    /// Offsets that were read again, of those that must be.
    fn progress(&self) -> Progress {
        let span = |to: i64| to.saturating_sub(self.from).max(0).unsigned_abs();
        Progress {
            done: span(self.at),
            of: span(self.head.next),
        }
    }
}

/// The join task of one partition of `outcomes`.
pub struct JoinTask {
    plan: Arc<Plan>,
    source: SourceId,
    incarnation: u64,
    seq: u64,
    link: FrameLink,
    cursors: Cursors,
    /// Where the last frame to `panes` ended.
    start: i64,
    next: i64,
    join: Join,
    accumulator: JoinAccumulator,
    announced: Option<Boundary>,
    anchors: BTreeMap<Boundary, Anchor>,
    /// Parts in which refusals were written down, by bucket.
    suppressed: BTreeMap<Boundary, u32>,
    replay: Option<Replay>,
    duplicate_frames: u64,
    outbox: Outbox,
    /// What the equations missed after the last rebuild.
    imbalance: Imbalance,
}

/// What a join misses of the equations of [`InvariantId::JoinConservation`].
///
/// It is 0 while the settings stay as they are. Other settings rebuild other entries than those that were counted, so
/// what a rebuild misses is kept, and only a change of it is a breach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Imbalance {
    predictions: i64,
    labels: i64,
}

impl Imbalance {
    fn of(join: &Join) -> Self {
        let counts = join.counts();
        Self {
            predictions: counts.predictions_missing(join.pending()),
            labels: counts.labels_missing(join.waiting()),
        }
    }

    /// Asserts that no prediction and no label was lost or doubled since.
    fn check(self, source: &SourceId, join: &Join) -> Result<(), Violation> {
        let now = Self::of(join);
        InvariantId::JoinConservation.check(now == self, || {
            let predictions = now.predictions - self.predictions;
            let labels = now.labels - self.labels;
            let (counts, pending, waiting) = (join.counts(), join.pending(), join.waiting());
            format!(
                "{source}: {predictions} predictions and {labels} labels are missing of {counts:?}, \
                 with {pending} predictions pending and {waiting} labels waiting"
            )
        })
    }
}

/// What one flush of a join gives.
pub struct Joined {
    /// One frame for every partition of `panes`, in order.
    pub panes: Vec<Frame<Summary>>,
    /// State to write.
    pub writes: Writes,
    /// What metrics show.
    pub observations: JoinObservations,
}

impl JoinTask {
    /// The task of `partition`, which has never run; `outcomes` is read from `first` on.
    #[must_use]
    pub fn begin(plan: Arc<Plan>, partition: i32, incarnation: u64, first: i64) -> Self {
        Self {
            source: SourceId {
                topic: plan.topics.outcomes.clone(),
                partition,
            },
            join: Join::new(settings(&plan)),
            plan,
            incarnation,
            seq: 0,
            link: FrameLink::First,
            cursors: Cursors::default(),
            start: first,
            next: first,
            accumulator: JoinAccumulator::default(),
            announced: None,
            anchors: BTreeMap::new(),
            suppressed: BTreeMap::new(),
            replay: None,
            duplicate_frames: 0,
            outbox: Outbox::default(),
            imbalance: Imbalance::default(),
        }
    }

    /// The task as its state tells; `None` if nothing was ever written.
    ///
    /// # Errors
    /// When the state is damaged, of another version, or of another number of partitions.
    pub fn restore(
        plan: &Arc<Plan>,
        partition: i32,
        reader: &StateReader,
    ) -> Result<Option<Self>, Stop> {
        let (entries, index) = reader.entries(StateKey::is_of_join)?;
        let (mut head, mut anchors) = (None, BTreeMap::new());
        let (mut suppressed, mut parts) = (Vec::new(), BTreeMap::new());
        for (key, value) in entries {
            match key {
                StateKey::JoinHead => head = Some(decode::<JoinHead>(&value)?),
                StateKey::JoinAnchor(bucket) => {
                    anchors.insert(*bucket, decode::<Anchor>(&value)?);
                }
                StateKey::JoinSuppressed(bucket, _) => {
                    *parts.entry(*bucket).or_default() += 1;
                    suppressed.extend(decode::<Vec<SuppressedPrediction>>(&value)?);
                }
                _ => {}
            }
        }
        let Some(head) = head else {
            return Ok(None);
        };
        check(&head, index.digest())?;
        let mut task = Self::begin(Arc::clone(plan), partition, head.incarnation, head.next);
        task.seq = head.seq;
        task.link = FrameLink::Next;
        task.announced = head.checkpoint.closed;
        task.outbox = Outbox::restored(index);
        task.anchors = anchors;
        task.suppressed = parts;
        task.begin_replay(head, suppressed);
        Ok(Some(task))
    }

    fn begin_replay(&mut self, head: JoinHead, suppressed: Vec<SuppressedPrediction>) {
        self.join = Join::restore(settings(&self.plan), head.checkpoint.clone(), suppressed);
        // The first anchor is the one that is needed: all before it were forgotten.
        let (from, cursors) = match self.anchors.first_key_value() {
            Some((_, anchor)) => (anchor.offset, anchor.cursors.clone()),
            None => (head.next, head.cursors.clone()),
        };
        self.cursors = cursors;
        self.replay = Some(Replay {
            from,
            at: from,
            head,
        });
        if from == self.next {
            self.replay = None;
            self.resume();
        }
    }

    /// The offset to commit: the next one of `outcomes` that was not taken.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.next
    }

    /// The offset to read from: earlier than the committed one while entries are rebuilt.
    #[must_use]
    pub fn read_from(&self) -> i64 {
        self.replay.as_ref().map_or(self.next, |replay| replay.from)
    }

    /// Where it stands in each source.
    #[must_use]
    pub fn cursors(&self) -> &Cursors {
        self.replay
            .as_ref()
            .map_or(&self.cursors, |replay| &replay.head.cursors)
    }

    /// Up to where everything was worked.
    #[must_use]
    pub fn closed(&self) -> Option<Boundary> {
        match &self.replay {
            Some(replay) => replay.head.checkpoint.closed,
            None => self.join.closed(),
        }
    }

    /// The digest of all that is written of it but the head.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.outbox.digest()
    }

    /// Whether entries are still being rebuilt.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.replay.is_some()
    }

    /// What was counted, what is held, and how far a rebuild is.
    #[must_use]
    pub fn observe(&self) -> JoinObservations {
        JoinObservations {
            rebuilt: self.replay.as_ref().map(Replay::progress),
            duplicate_frames: self.duplicate_frames,
            ..JoinObservations::of(self.source.partition, &self.join)
        }
    }

    /// Takes the record of frames at `offset`.
    ///
    /// # Errors
    /// When the chain of frames is broken or the record is not ours: stop the task.
    pub fn submit(&mut self, offset: i64, record: &[u8]) -> Result<(), Stop> {
        let frames = unpack::<Outcomes>(record)?;
        if self.replay.is_none() {
            self.anchor(offset, &frames)?;
        }
        for frame in frames {
            self.merge(frame)?;
        }
        match &mut self.replay {
            Some(replay) if offset + 1 >= replay.head.next => self.end_replay(),
            Some(replay) => {
                replay.at = offset + 1;
                self.work_in_silence();
                Ok(())
            }
            None => {
                self.next = offset + 1;
                Ok(())
            }
        }
    }

    fn merge(&mut self, mut frame: Frame<Outcomes>) -> Result<(), Stop> {
        if self.cursors.admit(&frame)? == Admission::Duplicate {
            if self.replay.is_none() {
                self.duplicate_frames += 1;
            }
            return Ok(());
        }
        for outcomes in std::mem::take(&mut frame.payloads) {
            self.join.submit(outcomes);
        }
        self.cursors.pass(&frame);
        Ok(())
    }

    /// Remembers where the first record lies that speaks of a bucket: all before it only speak of earlier times.
    fn anchor(&mut self, offset: i64, frames: &[Frame<Outcomes>]) -> Result<(), Stop> {
        let times = frames.iter().flat_map(|f| &f.payloads).filter_map(latest);
        let Some(latest) = times.max() else {
            return Ok(());
        };
        let bucket = settings(&self.plan).bucket_of(latest);
        if self
            .anchors
            .last_key_value()
            .is_none_or(|(last, _)| *last < bucket)
        {
            let anchor = Anchor {
                offset,
                cursors: self.cursors.clone(),
            };
            self.outbox.put(&StateKey::JoinAnchor(bucket), &anchor)?;
            self.anchors.insert(bucket, anchor);
        }
        Ok(())
    }

    /// The clock: event time, and time of arrival, up to which every input is believed complete. Where predictions that
    /// wait for it have filled the memory, it waits for labels no longer: they are worked when they come, and counted as late.
    #[must_use]
    pub fn clock(&self) -> Option<Boundary> {
        let topics = &self.plan.topics;
        let is_full = self.join.buffered_bytes() > settings(&self.plan).bytes_max;
        let labels: &[String] = if is_full { &[] } else { &topics.labels };
        let ignored: &[String] = if is_full { &topics.labels } else { &[] };
        let due = topics.predictions.iter().chain(labels);
        let counts = |topic: &str| {
            let mut left_out = topics.retired.iter().chain(ignored);
            !left_out.any(|name| name == topic)
        };
        self.cursors.clock(counts, due).map(Boundary::at_or_before)
    }

    /// Whether the clock has passed what is not worked yet.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.replay.is_none() && self.clock() > self.join.closed()
    }

    /// Works one minute that the clock has passed, if there is one.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn step(&mut self) -> Result<(), Stop> {
        let ahead = |clock: &Boundary| Some(*clock) > self.join.closed();
        let Some(clock) = self.clock().filter(ahead) else {
            return Ok(());
        };
        let until = self.join.next(clock).unwrap_or(clock);
        self.join.close(until, &mut self.accumulator);
        self.forget_buckets()
    }

    /// While entries are rebuilt, what was worked before is worked again, and the join says no word of it.
    fn work_in_silence(&mut self) {
        let before = self
            .replay
            .as_ref()
            .and_then(|replay| replay.head.checkpoint.closed);
        if let Some((before, clock)) = before.zip(self.clock()) {
            self.join.close(before.min(clock), &mut self.accumulator);
        }
    }

    fn end_replay(&mut self) -> Result<(), Stop> {
        match self.replay.take() {
            Some(replay) if replay.head.cursors != self.cursors => Err(Stop::Diverged),
            _ => {
                self.resume();
                Ok(())
            }
        }
    }

    fn resume(&mut self) {
        self.join.resume();
        self.imbalance = Imbalance::of(&self.join);
    }

    /// Writes down what would come back as an entry if it were read again without what it repeats.
    fn suppress(&mut self) -> Result<(), Stop> {
        let mut by_bucket: BTreeMap<Boundary, Vec<SuppressedPrediction>> = BTreeMap::new();
        for suppressed in self.join.take_suppressed() {
            by_bucket
                .entry(suppressed.bucket)
                .or_default()
                .push(suppressed);
        }
        for (bucket, suppressed) in by_bucket {
            let part = self.suppressed.entry(bucket).or_default();
            let key = StateKey::JoinSuppressed(bucket, *part);
            self.outbox.put(&key, &suppressed)?;
            *part += 1;
        }
        Ok(())
    }

    /// Forgets what was written of buckets that are gone.
    fn forget_buckets(&mut self) -> Result<(), Stop> {
        let Some((floor, needed)) = self.join.floor().zip(self.join.oldest_needed()) else {
            return Ok(());
        };
        // Of the last bucket before what is needed, a part may be.
        let length = settings(&self.plan).bucket_minutes();
        let oldest = self.anchors.range(..=needed).next_back();
        let is_past = |at: Boundary| at.plus_minutes(length) <= needed;
        let from = match oldest.map(|(at, _)| *at) {
            Some(at) if is_past(at) => at.plus_minutes(1),
            Some(at) => at,
            None => Boundary(i64::MIN),
        };
        let kept = self.anchors.split_off(&from);
        for bucket in std::mem::replace(&mut self.anchors, kept).into_keys() {
            self.outbox.remove(&StateKey::JoinAnchor(bucket))?;
        }
        let kept = self.suppressed.split_off(&floor);
        for (bucket, parts) in std::mem::replace(&mut self.suppressed, kept) {
            for part in 0..parts {
                self.outbox
                    .remove(&StateKey::JoinSuppressed(bucket, part))?;
            }
        }
        Ok(())
    }

    /// Whether there is anything to say.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.replay.is_none()
            && (self.next != self.start
                || self.join.closed() != self.announced
                || self.link != FrameLink::Next)
    }

    /// Whether memory asks for a flush before its time.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.accumulator.is_full()
    }

    /// What has become known since the last flush, and the head.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn flush(&mut self) -> Result<Joined, Stop> {
        self.imbalance.check(&self.source, &self.join)?;
        self.seq += 1;
        self.suppress()?;
        let payloads = self.accumulator.take();
        let panes = payloads
            .into_iter()
            .map(|payloads| self.frame(payloads))
            .collect();
        self.link = FrameLink::Next;
        self.start = self.next;
        self.announced = self.join.closed();
        let head = JoinHead {
            partitions: PANES_PARTITIONS,
            incarnation: self.incarnation,
            seq: self.seq,
            next: self.next,
            cursors: self.cursors.clone(),
            checkpoint: self.join.checkpoint(),
            digest: self.outbox.digest(),
        };
        self.outbox.put(&StateKey::JoinHead, &head)?;
        let observations = self.observe();
        self.duplicate_frames = 0;
        Ok(Joined {
            panes,
            writes: self.outbox.take(),
            observations,
        })
    }

    fn frame(&self, payloads: Vec<Summary>) -> Frame<Summary> {
        Frame {
            source: self.source.clone(),
            incarnation: self.incarnation,
            seq: self.seq,
            link: self.link,
            start: self.start,
            end: self.next,
            watermark: self.join.closed().map(Boundary::time),
            topic_partitions: PANES_PARTITIONS as i32,
            payloads,
            piece: 0,
            more: false,
        }
    }
}

/// The latest time that outcomes speak of.
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
        bytes_max: plan.join.bytes_max / PANES_PARTITIONS as usize,
    }
}

/// Refuses what is fixed for life and different, and state of which a part is missing or old.
fn check(head: &JoinHead, digest: u64) -> Result<(), BadState> {
    same(
        "the number of outcomes partitions",
        i64::from(head.partitions),
        i64::from(PANES_PARTITIONS),
    )?;
    if head.digest == digest {
        Ok(())
    } else {
        Err(BadState::Tampered)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_that_is_lost_breaks_the_conservation_of_the_join() {
        let source = SourceId {
            topic: "outcomes".into(),
            partition: 5,
        };
        let join = Join::new(JoinSettings {
            horizon_minutes: 60,
            lead_minutes: 1,
            bytes_max: 1 << 20,
        });
        let balanced = Imbalance::of(&join);
        assert_eq!(balanced, Imbalance::default());
        balanced.check(&source, &join).unwrap();
        let rebuilt = Imbalance {
            predictions: -1,
            labels: 0,
        };
        let violation = rebuilt.check(&source, &join).unwrap_err();
        assert_eq!(violation.id, InvariantId::JoinConservation);
        let figures = "outcomes[5]: 1 predictions and 0 labels are missing";
        assert!(violation.figures.starts_with(figures), "{violation}");
    }
}

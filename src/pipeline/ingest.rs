//! The first stage: the records of one input partition in, frames of partials and of outcomes out.
//!
//! A prediction is counted into the partial of its pane, and where labels are read it is also told to the join, as a few
//! bytes; a label is only told to the join. Ingest knows no reference and no other partition: what it emits is a function of its input and the plan, so a
//! catch-up over a day of backlog counts exactly what live reading would have counted. Between flushes it remembers
//! only its position, and that travels with the committed offset.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::flood::FloodGauge;
use super::frame::{Frame, FrameLink, PanePartial, SourceId, Summary};
use super::invariant::{InvariantId, Violation};
use super::observations::{IngestCounts, IngestObservations};
use super::outcomes::{OutcomeBuffers, Sampled};
use super::output::Output;
use super::plan::{PANES_PARTITIONS, Plan};
use super::segments::{ObjectiveShares, OpenVersion, entry};
use crate::event::{EventTime, Prediction, Record, Reject, Scope, Tick, event_time, label_times};
use crate::join::Outcomes;
use crate::sketch::{RecordPosition, Share};
use crate::window::{Boundary, Lateness, SourceClock};

/// Open buffers (scope × pane) that force a flush: 4 MB of pending keys at 20 features.
const OPEN_BUFFERS_MAX: usize = 512;
/// Features in open buffers that force one: each holds up to 8 KB, more where categories are many. A producer that
/// invents names must not fill the memory before the flush is due.
const OPEN_FEATURES_MAX: usize = 50_000;
/// Values since the last flush that force one: bounds the time a single flush takes.
const PENDING_VALUES_MAX: u64 = 20_000_000;
/// Seed under which models are spread over the partitions of `panes`; part of the format.
const SPREAD_SEED: u64 = 0x70_61_6e_65;

/// Where a source stands: committed as the metadata of its offset, in the transaction that carries its frames.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Version of this form.
    pub v: u8,
    /// Which life of the source.
    pub incarnation: u64,
    /// Flushes of this life so far.
    pub seq: u64,
    /// Up to where the source is believed complete.
    pub watermark: Option<EventTime>,
    /// Set by `offsets reset`: the first offset given up; the committed offset is where reading goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_from: Option<i64>,
    /// The chain of frames to the join, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<Chain>,
    /// Since when a flood of rejects goes on: so that whoever reads on can say that it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flood_since: Option<EventTime>,
}

/// A chain of frames of its own: labels may be turned on long after the source began, and off again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Which life of the chain.
    pub incarnation: u64,
    /// Frames so far.
    pub seq: u64,
}

impl Position {
    /// The position of a source that begins a new life.
    #[must_use]
    pub fn beginning(incarnation: u64) -> Self {
        Self {
            v: 1,
            incarnation,
            seq: 0,
            watermark: None,
            lost_from: None,
            outcomes: None,
            flood_since: None,
        }
    }
}

/// What an input topic holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Predictions,
    Labels,
}

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Counted.
    Counted,
    /// Older than its source's watermark: dropped and counted as late. No label ever is.
    Late,
    /// Refused: to the dead-letter topic, byte for byte.
    Rejected(Reject),
}

/// What one flush of a source gives.
pub struct Flushed {
    /// One frame for every partition of `panes`, in order; none from a source of labels.
    pub panes: Vec<Frame<Summary>>,
    /// One frame for every partition of `outcomes`, in order; none where no labels are read.
    pub outcomes: Vec<Frame<Outcomes>>,
    /// Alerts about the source itself.
    pub outputs: Vec<Output>,
    /// What metrics show.
    pub observations: IngestObservations,
}

impl Flushed {
    /// Asserts that every record that was read is counted, late or rejected, that every counted one is on its way to
    /// the next stages, and that none was read twice.
    ///
    /// # Errors
    /// When records were lost or doubled: nothing of this flush may be committed.
    pub fn check(&self) -> Result<(), Violation> {
        let IngestObservations { source, counts, .. } = &self.observations;
        let IngestCounts {
            consumed,
            repeated,
            counted,
            late,
            sampled_out,
            ..
        } = *counts;
        let rejected = counts.rejected_total();
        InvariantId::OffsetOrder.check(repeated == 0, || {
            format!("{source}: {repeated} of {consumed} records were read before")
        })?;
        let (sketched, sent) = (self.sketched(), self.sent());
        let is_sketched = self.panes.is_empty() || sketched == counted;
        let is_sent = self.outcomes.is_empty() || sent + sampled_out == counted;
        let is_balanced = consumed == counted + late + rejected && is_sketched && is_sent;
        InvariantId::IngestConservation.check(is_balanced, || {
            format!(
                "{source}: consumed {consumed}, counted {counted}, late {late}, rejected {rejected}, in panes {sketched}, \
                 in outcomes {sent}, sampled out {sampled_out}"
            )
        })
    }

    /// Predictions in the frames to evaluate. A segment's are in the whole.
    fn sketched(&self) -> u64 {
        let payloads = self.panes.iter().flat_map(|frame| &frame.payloads);
        let predictions = payloads.map(|load| match load {
            Summary::Pane(pane) if pane.scope.segment.is_none() => pane.partial.predictions,
            Summary::Pane(_) | Summary::Quality(_) => 0,
        });
        predictions.sum()
    }

    /// Predictions and labels in the frames to the join.
    fn sent(&self) -> u64 {
        let payloads = self.outcomes.iter().flat_map(|frame| &frame.payloads);
        payloads.map(|outcomes| outcomes.len() as u64).sum()
    }
}

/// The ingest task of one input partition.
pub struct Ingest {
    plan: Arc<Plan>,
    source: SourceId,
    topic_partitions: i32,
    role: Role,
    position: Position,
    link: FrameLink,
    /// How the next frame to the join continues its chain.
    outcomes_joint: FrameLink,
    clock: SourceClock,
    start: i64,
    next: i64,
    open: BTreeMap<String, BTreeMap<String, OpenVersion>>,
    open_buffers: usize,
    open_features: usize,
    pending_values: u64,
    announced: Option<EventTime>,
    outcomes: OutcomeBuffers,
    /// What the objectives say of the prediction at hand; kept for its memory.
    asked: Vec<(usize, Share)>,
    counts: IngestCounts,
    flood: FloodGauge,
    outputs: Vec<Output>,
}

impl Ingest {
    /// A source nobody has heard of, to be read from offset `next` on.
    #[must_use]
    pub fn genesis(
        plan: Arc<Plan>,
        source: SourceId,
        partitions: i32,
        incarnation: u64,
        next: i64,
    ) -> Self {
        Self::at(
            plan,
            source,
            partitions,
            Position::beginning(incarnation),
            FrameLink::First,
            next,
        )
    }

    /// A source that goes on from its committed `position`, the committed offset being `next`.
    #[must_use]
    pub fn resume(
        plan: Arc<Plan>,
        source: SourceId,
        partitions: i32,
        position: Position,
        next: i64,
    ) -> Self {
        let link = match position.lost_from {
            Some(from) => FrameLink::Lost { from, to: next },
            None if position.seq == 0 => FrameLink::First,
            None => FrameLink::Next,
        };
        Self::at(plan, source, partitions, position, link, next)
    }

    fn at(
        plan: Arc<Plan>,
        source: SourceId,
        partitions: i32,
        position: Position,
        link: FrameLink,
        next: i64,
    ) -> Self {
        let role = if plan.topics.labels.contains(&source.topic) {
            Role::Labels
        } else {
            Role::Predictions
        };
        let mut position = position;
        let outcomes_joint = begin_chain(&plan, &mut position, link, next);
        Self {
            outcomes: OutcomeBuffers::new(&plan),
            plan,
            source,
            topic_partitions: partitions,
            role,
            clock: SourceClock::at(position.watermark),
            announced: position.watermark,
            flood: FloodGauge::since(position.flood_since),
            position,
            link,
            outcomes_joint,
            start: next,
            next,
            open: BTreeMap::new(),
            open_buffers: 0,
            open_features: 0,
            pending_values: 0,
            asked: Vec::new(),
            counts: IngestCounts::default(),
            outputs: Vec::new(),
        }
    }

    /// The source.
    #[must_use]
    pub fn source(&self) -> &SourceId {
        &self.source
    }

    /// The next offset to read.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.next
    }

    /// Up to where the source is believed complete.
    #[must_use]
    pub fn watermark(&self) -> Option<EventTime> {
        self.clock.watermark()
    }

    /// What became of the records since the last flush, and how far the source is.
    #[must_use]
    pub fn observe(&self) -> IngestObservations {
        IngestObservations {
            source: self.source.clone(),
            counts: self.counts.clone(),
            watermark: self.clock.watermark(),
        }
    }

    /// Takes the record at `offset`.
    pub fn submit(&mut self, offset: i64, record: &Record<'_>) -> Disposition {
        self.counts.consumed += 1;
        self.counts.repeated += u64::from(offset < self.next);
        self.next = offset + 1;
        let disposition = match self.count(offset, record) {
            Ok(disposition) => disposition,
            Err(reject) => Disposition::Rejected(reject),
        };
        match disposition {
            Disposition::Counted => self.counts.counted += 1,
            Disposition::Late => self.counts.late += 1,
            Disposition::Rejected(reject) => *self.counts.rejected.entry(reject).or_default() += 1,
        }
        self.watch_for_flood(matches!(disposition, Disposition::Rejected(_)), record);
        disposition
    }

    fn watch_for_flood(&mut self, is_rejected: bool, record: &Record<'_>) {
        let arrival = record.arrival.map(|arrival| EventTime(arrival.0));
        let now = self.clock.watermark().or(arrival).unwrap_or(EventTime(0));
        if let Some(flood) = self.flood.observe(is_rejected, now) {
            self.outputs.push(Output::integrity(
                &self.plan.alert,
                &self.source,
                flood,
                now,
            ));
        }
    }

    fn count(&mut self, offset: i64, record: &Record<'_>) -> Result<Disposition, Reject> {
        match self.role {
            Role::Predictions => self.count_prediction(offset, record),
            Role::Labels => self.count_label(record),
        }
    }

    fn count_prediction(
        &mut self,
        offset: i64,
        record: &Record<'_>,
    ) -> Result<Disposition, Reject> {
        let prediction = self.plan.codec.decode(record, &self.plan.limits)?;
        let time = event_time(&prediction, record, &self.plan.limits)?;
        if self.clock.lateness(time) == Lateness::Late {
            return Ok(Disposition::Late);
        }
        if record.arrival.is_none() && self.is_far_ahead(time) {
            return Err(Reject::TimestampInFuture);
        }
        if record.arrival.is_some() {
            // Nothing bounds an event whose record has no arrival: it is counted, but it moves no clock.
            self.clock
                .observe(time, record.arrival, self.plan.disorder_millis);
        }
        if self.outcomes.predict(&prediction, time) == Sampled::Out {
            self.counts.sampled_out += 1;
        }
        self.sketch(offset, &prediction, Boundary::at_or_before(time));
        Ok(Disposition::Counted)
    }

    /// Whether an event that no arrival vouches for lies further ahead of its source than one that has one might.
    fn is_far_ahead(&self, time: EventTime) -> bool {
        let ahead_millis = self.plan.disorder_millis + self.plan.limits.future_millis_max;
        let reached = self.clock.watermark();
        reached.is_some_and(|watermark| time > watermark.plus_millis(ahead_millis))
    }

    fn sketch(&mut self, offset: i64, prediction: &Prediction<'_>, start: Boundary) {
        let (topic, partition) = (&self.source.topic, self.source.partition);
        let whereabouts = || RecordPosition {
            topic: topic.clone(),
            partition,
            offset,
        };
        ask(&self.plan, prediction, &mut self.asked);
        let asked = ObjectiveShares {
            objectives: &self.plan.objectives,
            shares: &self.asked,
        };
        let version = entry(
            entry(&mut self.open, &prediction.model),
            &prediction.version,
        );
        let mut growth = version.whole.push(prediction, asked, start, whereabouts);
        if !self.plan.segments.keys.is_empty() {
            growth +=
                version.push_segments(prediction, asked, start, &self.plan.segments, whereabouts);
        }
        self.open_buffers += growth.buffers;
        self.open_features += growth.features;
        self.pending_values += growth.values;
    }

    /// A label moves its source by when it arrived, and is never late: what comes out of order became known when the
    /// source had come that far.
    fn count_label(&mut self, record: &Record<'_>) -> Result<Disposition, Reject> {
        let label = self.plan.codec.decode_label(record, &self.plan.limits)?;
        let mut times = label_times(&label, record, &self.plan.limits)?;
        if record.arrival.is_some() {
            self.clock
                .observe(times.arrival, record.arrival, self.plan.disorder_millis);
        }
        let watermark = self.clock.watermark().unwrap_or(times.arrival);
        times.arrival = times.arrival.max(watermark);
        if self.outcomes.label(&label, times) == Sampled::Out {
            self.counts.sampled_out += 1;
        }
        Ok(Disposition::Counted)
    }

    /// The source is at its end and has been quiet for the idle timeout: its watermark follows the wall clock.
    pub fn idle(&mut self, now: Tick) {
        if self.plan.ticks {
            self.clock.idle(
                now,
                self.plan.idle_timeout_millis,
                self.plan.disorder_millis,
            );
        }
    }

    /// Whether memory asks for a flush before its time.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.open_buffers >= OPEN_BUFFERS_MAX
            || self.open_features >= OPEN_FEATURES_MAX
            || self.pending_values >= PENDING_VALUES_MAX
            || self.outcomes.is_full()
    }

    /// Whether there is anything to say: records read, a watermark moved, a life begun.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.next != self.start
            || self.clock.watermark() != self.announced
            || self.link != FrameLink::Next
            || (self.position.outcomes.is_some() && self.outcomes_joint != FrameLink::Next)
    }

    /// Where the source stands, as it is to be committed.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Everything since the last flush.
    pub fn flush(&mut self) -> Flushed {
        self.position.seq += 1;
        self.position.watermark = self.clock.watermark();
        self.position.lost_from = None;
        self.position.flood_since = self.flood.is_flooded_since();
        let flushed = Flushed {
            panes: self.flush_panes(),
            outcomes: self.flush_outcomes(),
            outputs: std::mem::take(&mut self.outputs),
            observations: self.observe(),
        };
        self.counts = IngestCounts::default();
        self.link = FrameLink::Next;
        self.outcomes_joint = FrameLink::Next;
        self.start = self.next;
        self.announced = self.position.watermark;
        flushed
    }

    fn flush_panes(&mut self) -> Vec<Frame<Summary>> {
        if self.role == Role::Labels {
            return Vec::new();
        }
        let mut frames: Vec<Frame<Summary>> = (0..PANES_PARTITIONS)
            .map(|_| self.frame(Vec::new()))
            .collect();
        for (model, versions) in &mut self.open {
            let Some(frame) = frames.get_mut(panes_partition(model) as usize) else {
                continue;
            };
            freeze_into(&mut frame.payloads, model, versions);
        }
        self.open.clear();
        self.open_buffers = 0;
        self.open_features = 0;
        self.pending_values = 0;
        frames
    }

    fn flush_outcomes(&mut self) -> Vec<Frame<Outcomes>> {
        let Some(chain) = &mut self.position.outcomes else {
            return Vec::new();
        };
        chain.seq += 1;
        let chain = *chain;
        let taken = self.outcomes.take();
        let of_chain = |outcomes: Outcomes| {
            let payloads = if outcomes.is_empty() {
                Vec::new()
            } else {
                vec![outcomes]
            };
            Frame {
                incarnation: chain.incarnation,
                seq: chain.seq,
                link: self.outcomes_joint,
                ..self.frame(payloads)
            }
        };
        taken.into_iter().map(of_chain).collect()
    }

    fn frame<L>(&self, payloads: Vec<L>) -> Frame<L> {
        Frame {
            source: self.source.clone(),
            incarnation: self.position.incarnation,
            seq: self.position.seq,
            link: self.link,
            start: self.start,
            end: self.next,
            watermark: self.position.watermark,
            topic_partitions: self.topic_partitions,
            payloads,
            piece: 0,
            more: false,
        }
    }
}

/// What each objective of the prediction's model says of it.
fn ask(plan: &Plan, prediction: &Prediction<'_>, asked: &mut Vec<(usize, Share)>) {
    asked.clear();
    for (at, objective) in plan.objectives.iter().enumerate() {
        if objective.is_about(&prediction.model)
            && let Some(share) = objective.sli.share_of_prediction(prediction)
        {
            asked.push((at, share));
        }
    }
}

/// Sees to it that a chain to the join is there exactly as long as labels are read; answers how it goes on. One that is
/// begun late, or again, is a life of its own: nothing before it was ever promised to the join.
fn begin_chain(plan: &Plan, position: &mut Position, link: FrameLink, next: i64) -> FrameLink {
    if !plan.joins() {
        position.outcomes = None;
    } else if position.outcomes.is_none() {
        let life = [
            position.incarnation.to_le_bytes(),
            position.seq.to_le_bytes(),
        ];
        position.outcomes = Some(Chain {
            incarnation: xxh3_64_with_seed(&life.concat(), SPREAD_SEED),
            seq: 0,
        });
        return match link {
            FrameLink::Next => FrameLink::Lost {
                from: next,
                to: next,
            },
            other => other,
        };
    }
    FrameLink::Next
}

fn freeze_into(
    payloads: &mut Vec<Summary>,
    model: &str,
    versions: &mut BTreeMap<String, OpenVersion>,
) {
    for (version, open) in versions {
        open.freeze(|segment, start, partial| {
            let scope = Scope {
                model: model.to_owned(),
                version: version.clone(),
                segment,
            };
            payloads.push(Summary::Pane(PanePartial {
                scope,
                start,
                partial,
            }));
        });
    }
}

/// The partition of `panes` that evaluates `model`.
#[must_use]
pub fn panes_partition(model: &str) -> u32 {
    (xxh3_64_with_seed(model.as_bytes(), SPREAD_SEED) % u64::from(PANES_PARTITIONS)) as u32
}

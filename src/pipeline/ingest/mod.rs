//! The first stage: reads the records of one input partition, and sends frames of partials and of outcomes.
//!
//! A prediction is counted in the partial of its pane. If labels are read, ingest also sends an outcome of a few bytes to
//! the join. A label is only sent to the join. Ingest knows no reference and no other partition: its output is a function
//! of its input and the plan, so a catch-up counts exactly what live reading would have counted. Between flushes it keeps
//! only its position, which is committed with the offset.

mod disposition;
mod flushed;
mod open_scopes;
mod orders;
mod position;
mod standing;

use std::sync::Arc;

pub use disposition::Disposition;
pub use flushed::Flushed;
pub use position::{Chain, EndSeen, Position};

use self::open_scopes::OpenScopes;
use self::orders::OrderBuffer;
use self::standing::StandingTime;
use super::flood::FloodGauge;
use super::frame::{Frame, FrameLink, SourceId, Summary};
use super::incident::DatedIncident;
use super::observations::{IngestCounts, IngestObservations};
use super::outcomes::{OutcomeBuffers, Sampled};
use super::plan::Plan;
use crate::alert::{FloodKind, Integrity};
use crate::codec::EventKind;
use crate::event::{EventTime, Prediction, Record, Reject, Tick, event_time, label_times};
use crate::join::Outcomes;
use crate::sketch::RecordPosition;
use crate::window::{Boundary, Lateness, SourceClock};

/// What an input topic contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Predictions,
    Labels,
    /// Orders of operators. They have no event time, so the source has no watermark and holds no clock.
    Control,
}

/// The ingest task of one input partition.
pub struct Ingest {
    plan: Arc<Plan>,
    source: SourceId,
    topic_partitions: i32,
    role: Role,
    position: Position,
    link: FrameLink,
    /// Link of the next frame to the join.
    outcomes_link: FrameLink,
    clock: SourceClock,
    start: i64,
    next: i64,
    open: OpenScopes,
    announced: Option<EventTime>,
    outcomes: OutcomeBuffers,
    orders: OrderBuffer,
    counts: IngestCounts,
    /// Predictions since the watermark last moved.
    standing: StandingTime,
    rejects: FloodGauge,
    late: FloodGauge,
    /// Incidents of the source since the last flush.
    incidents: Vec<DatedIncident>,
}

impl Ingest {
    /// A source that was never read, to be read from offset `next` on.
    #[must_use]
    pub fn begin(
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

    /// A source that continues from its committed `position`; `next` is the committed offset.
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
        let role = match &source.topic {
            topic if plan.topics.labels.contains(topic) => Role::Labels,
            topic if *topic == plan.topics.control => Role::Control,
            _ => Role::Predictions,
        };
        let mut position = position;
        let loss = accepted_loss(&position, next);
        let outcomes_link = match role {
            Role::Control => FrameLink::Next, // orders do not concern the join
            Role::Predictions | Role::Labels => position.begin_chain(&plan, link, next),
        };
        Self {
            outcomes: OutcomeBuffers::new(&plan),
            plan,
            source,
            topic_partitions: partitions,
            role,
            clock: SourceClock::at(position.watermark),
            announced: position.watermark,
            rejects: FloodGauge::of(FloodKind::Rejected, position.flood_since),
            late: FloodGauge::of(FloodKind::Late, position.late_since),
            position,
            link,
            outcomes_link,
            start: next,
            next,
            open: OpenScopes::default(),
            orders: OrderBuffer::default(),
            counts: IngestCounts::default(),
            standing: StandingTime::default(),
            incidents: loss.into_iter().collect(),
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

    /// Event time up to which the source is believed complete.
    #[must_use]
    pub fn watermark(&self) -> Option<EventTime> {
        self.clock.watermark()
    }

    /// True if predictions come over minutes, but their event times do not move the watermark: a producer stamps all of them alike.
    #[must_use]
    pub fn repeats_its_time(&self) -> bool {
        self.standing.is_lasting()
    }

    /// Records since the last flush by disposition, and the watermark.
    #[must_use]
    pub fn observe(&self) -> IngestObservations {
        IngestObservations {
            source: self.source.clone(),
            counts: self.counts.clone(),
            watermark: self.clock.watermark(),
        }
    }

    /// Counts or refuses the record at `offset`. `latest` is the latest time that it can be now: a record that is stamped
    /// later counts at its own time, but moves the watermark only up to `latest`.
    pub fn submit(&mut self, offset: i64, record: &Record<'_>, latest: Tick) -> Disposition {
        self.counts.consumed += 1;
        self.counts.repeated += u64::from(offset < self.next);
        self.next = offset + 1;
        let disposition = match self.count(offset, record, latest) {
            Ok(disposition) => disposition,
            Err(reject) => Disposition::Rejected(reject),
        };
        disposition.add_to(&mut self.counts);
        self.watch_for_floods(disposition, record);
        disposition
    }

    /// The field of the schema for which `record` was refused, for its dead letter; `None` if that is not known.
    #[must_use]
    pub fn field_at_fault(&self, record: &Record<'_>, reason: Reject) -> Option<&'static str> {
        let kind = match self.role {
            Role::Predictions => EventKind::Prediction,
            Role::Labels => EventKind::Label,
            Role::Control => return None,
        };
        let (codec, limits) = (self.plan.codec, &self.plan.limits);
        codec.field_at_fault(record.payload?, kind, reason, limits)
    }

    fn watch_for_floods(&mut self, disposition: Disposition, record: &Record<'_>) {
        let arrival = record.arrival.map(|arrival| EventTime(arrival.0));
        let now = self.clock.watermark().or(arrival);
        let is_rejected = matches!(disposition, Disposition::Rejected(_));
        let is_late = disposition == Disposition::Late;
        self.incidents
            .extend(self.rejects.observe(is_rejected, now));
        self.incidents.extend(self.late.observe(is_late, now));
    }

    fn count(
        &mut self,
        offset: i64,
        record: &Record<'_>,
        latest: Tick,
    ) -> Result<Disposition, Reject> {
        match self.role {
            Role::Predictions => self.count_prediction(offset, record, latest),
            Role::Labels => self.count_label(record, latest),
            Role::Control => {
                self.orders.take(offset, record, &self.plan.limits)?;
                self.counts.orders += 1;
                Ok(Disposition::Counted)
            }
        }
    }

    fn count_prediction(
        &mut self,
        offset: i64,
        record: &Record<'_>,
        latest: Tick,
    ) -> Result<Disposition, Reject> {
        let prediction = self.plan.codec.decode(record, &self.plan.limits)?;
        let time = event_time(&prediction, record, latest, &self.plan.limits)?;
        if self.clock.lateness(time) == Lateness::Late {
            return Ok(Disposition::Late);
        }
        if record.arrival.is_none() && self.is_far_ahead(time) {
            return Err(Reject::TimestampInFuture);
        }
        if let Some(arrival) = record.arrival {
            // Without an arrival no broker has dated the event, so it is counted but does not move the clock.
            let before = self.clock.watermark();
            self.clock
                .observe(time, record.arrival, latest, self.plan.disorder_millis);
            let moved = self.clock.watermark() != before;
            self.standing.note(arrival, moved);
        }
        self.counts.note_time(time, latest);
        if self.outcomes.predict(&prediction, time) == Sampled::Out {
            self.counts.sampled_out += 1;
        }
        self.sketch(offset, &prediction, Boundary::at_or_before(time));
        Ok(Disposition::Counted)
    }

    /// True if an event without arrival lies further ahead of its source than an event with arrival is allowed to.
    fn is_far_ahead(&self, time: EventTime) -> bool {
        let ahead_millis = self.plan.disorder_millis + self.plan.limits.future_millis_max;
        let reached = self.clock.watermark();
        reached.is_some_and(|watermark| time > watermark.plus_millis(ahead_millis))
    }

    fn sketch(&mut self, offset: i64, prediction: &Prediction<'_>, start: Boundary) {
        let source = &self.source;
        let position = || RecordPosition {
            topic: source.topic.clone(),
            partition: source.partition,
            offset,
        };
        self.open.push(prediction, start, &self.plan, position);
    }

    /// A label moves the clock of its source by its arrival and is never late. A label that arrives out of order counts
    /// from the source's watermark on.
    fn count_label(&mut self, record: &Record<'_>, latest: Tick) -> Result<Disposition, Reject> {
        let label = self.plan.codec.decode_label(record, &self.plan.limits)?;
        let mut times = label_times(&label, record, latest, &self.plan.limits)?;
        if record.arrival.is_some() {
            let disorder_millis = self.plan.disorder_millis;
            self.clock
                .observe(times.arrival, record.arrival, latest, disorder_millis);
        }
        self.counts.note_time(times.arrival, latest);
        let watermark = self.clock.watermark().unwrap_or(times.arrival);
        times.arrival = times.arrival.max(watermark);
        if self.outcomes.label(&label, times) == Sampled::Out {
            self.counts.sampled_out += 1;
        }
        self.counts.labels += 1;
        Ok(Disposition::Counted)
    }

    /// Lets the watermark follow the wall clock. The caller has checked that the source is at its end and was quiet for
    /// the idle timeout.
    pub fn idle(&mut self, now: Tick) {
        if self.plan.ticks && self.role != Role::Control {
            self.clock.idle(
                now,
                self.plan.idle_timeout_millis,
                self.plan.disorder_millis,
            );
        }
    }

    /// Passes offsets up to, not including, `end`: the caller has seen that no record lies there, only markers of transactions
    /// and records of aborted ones.
    pub fn pass_markers(&mut self, end: i64) {
        self.next = self.next.max(end);
    }

    /// Keeps what was seen of the end of the source's log, for the next reader.
    pub fn note_end(&mut self, seen: EndSeen) {
        self.position.end = Some(seen);
    }

    /// True if memory requires a flush now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.open.is_full() || self.outcomes.is_full() || self.orders.is_full()
    }

    /// True if a flush would send something: records were read, the watermark moved, or an incarnation began.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.next != self.start
            || self.clock.watermark() != self.announced
            || self.link != FrameLink::Next
            || (self.position.outcomes.is_some() && self.outcomes_link != FrameLink::Next)
    }

    /// The position to commit.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Sends everything since the last flush. `now` is the wall clock, which dates incidents that have no event time.
    pub fn flush(&mut self, now: Tick) -> Flushed {
        self.position.seq += 1;
        self.position.watermark = self.clock.watermark();
        self.position.lost_from = None;
        self.position.lost_since = None;
        self.position.flood_since = self.rejects.dated(EventTime(now.0));
        self.position.late_since = self.late.dated(EventTime(now.0));
        let incidents = std::mem::take(&mut self.incidents).into_iter();
        let alert = |incident: DatedIncident| incident.alert(&self.source, &self.plan.alert, now);
        let alerts = incidents.map(alert).collect();
        let flushed = Flushed {
            panes: self.flush_panes(),
            outcomes: self.flush_outcomes(),
            alerts,
            audits: self.orders.audits(&self.source, now),
            observations: self.observe(),
        };
        self.counts = IngestCounts::default();
        self.link = FrameLink::Next;
        self.outcomes_link = FrameLink::Next;
        self.start = self.next;
        self.announced = self.position.watermark;
        flushed
    }

    fn flush_panes(&mut self) -> Vec<Frame<Summary>> {
        let payloads = match self.role {
            Role::Labels => return Vec::new(),
            Role::Predictions => self.open.take(),
            Role::Control => self.orders.payloads(),
        };
        let payloads = payloads.into_iter();
        payloads.map(|payloads| self.frame(payloads)).collect()
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
                link: self.outcomes_link,
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

/// The loss that an operator accepted with `offsets reset`, if there is one and the operator knew how far the source was
/// read. Otherwise evaluate reports it, which knows the last frame of the source.
fn accepted_loss(position: &Position, next: i64) -> Option<DatedIncident> {
    let is_loss = |from: &i64| *from != FrameLink::UNKNOWN && *from != next;
    let from = position.lost_from.filter(is_loss)?;
    Some(DatedIncident {
        at: position.lost_since,
        what: Integrity::Lost { from, to: next },
    })
}

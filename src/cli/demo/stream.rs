//! Producer of the demo's stream: payments and their labels, in strides of event time that move the simulated clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::clock::StreamProgress;
use super::encode::{encode, encode_label};
use super::incident::Timeline;
use super::labels::{DemoLabel, Pending, labels_of};
use super::traffic::Traffic;
use crate::event::EventTime;
use crate::http::Board;
use crate::runtime::Fault;
use crate::window::Boundary;

/// Predictions topic.
pub(super) const TOPIC: &str = "payments";
/// Labels topic.
pub(super) const LABELS: &str = "labels";
/// Average number of events per minute of event time: a quarter of an hour holds about 800 to 1,900.
pub(super) const PER_MINUTE: f64 = 90.0;
/// Maximum number of events that are produced and not yet read: an hour and a half of event time. The embedded cluster
/// drops records beyond 5 MiB per partition; an event has about 330 bytes.
const UNREAD_MAX: u64 = 8_000;
/// Maximum delay of quality behind the produced event time, in milliseconds. Quality is evaluated last and shown every
/// quarter of an hour.
const UNJUDGED_MAX: i64 = 90 * 60_000;
/// Minutes of event time produced in one stride.
const STRIDE_MINUTES: i64 = 10;
/// Minimum wall time of a stride. It makes the two days last long enough to be watched.
const STRIDE: Duration = Duration::from_millis(140);

type SendError = Box<dyn std::error::Error>;

/// Producer of payments and labels. The stream ends early once `stop` is set.
pub(super) struct Stream {
    pub producer: BaseProducer,
    pub traffic: Traffic,
    pub timeline: Timeline,
    pub board: Arc<Board>,
    pub progress: Arc<StreamProgress>,
    pub stop: Arc<AtomicBool>,
}

/// Connects a producer to the embedded cluster.
pub(super) fn connect(bootstrap: &str) -> Result<BaseProducer, KafkaError> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("partitioner", "murmur2_random")
        // The embedded cluster answers a fetch with one batch per partition: few large batches are read fast.
        .set("linger.ms", "10")
        .set("socket.nagle.disable", "true")
        .create()
}

impl Stream {
    /// Produces the whole timeline.
    ///
    /// # Errors
    /// When a record cannot be produced.
    pub(super) fn run(&self) -> Result<(), Fault> {
        let mut from = self.timeline.start;
        let mut pending = Pending::default();
        while from < self.timeline.end && !self.stop.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let to = from.plus_minutes(STRIDE_MINUTES).min(self.timeline.end);
            self.progress.announce(to.time());
            self.produce_span(from, to, &mut pending)?;
            // The clock moves last: idle sources are recognised by it, so no record may be older than the clock.
            self.progress.advance(to.time());
            from = to;
            std::thread::sleep(STRIDE.saturating_sub(begun.elapsed()));
            self.wait_for_reader();
        }
        self.progress.done.store(true, Ordering::Release);
        Ok(())
    }

    fn produce_span(
        &self,
        from: Boundary,
        to: Boundary,
        pending: &mut Pending,
    ) -> Result<(), Fault> {
        let broken = |error: &dyn std::fmt::Display| {
            Fault::Fatal(format!("the demo's producer failed: {error}"))
        };
        let mut minute = from;
        while minute < to {
            let next = minute.plus_minutes(1);
            self.produce_payments(minute, pending)
                .map_err(|error| broken(&*error))?;
            for label in pending.take_before(next) {
                self.produce_label(&label)
                    .map_err(|error| broken(&*error))?;
            }
            minute = next;
        }
        // The library's own flush waits in slices of 100 ms.
        while self.producer.in_flight_count() > 0 && !self.stop.load(Ordering::Relaxed) {
            self.producer.poll(Duration::from_micros(500));
        }
        Ok(())
    }

    fn produce_payments(&self, minute: Boundary, pending: &mut Pending) -> Result<(), SendError> {
        let kind = self.timeline.kind_at(minute.time());
        for event in &self.traffic.minute(minute, kind) {
            self.send(TOPIC, &event.id, &encode(event)?, event.time)?;
            pending.put(labels_of(event, self.traffic.seed, &self.timeline));
        }
        Ok(())
    }

    fn produce_label(&self, label: &DemoLabel) -> Result<(), SendError> {
        self.send(LABELS, &label.id, &encode_label(label)?, label.at)?;
        if label.is_correction && label.about < self.timeline.learned.time() {
            self.progress.corrected.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    fn send(&self, topic: &str, key: &str, value: &[u8], time: EventTime) -> Result<(), SendError> {
        loop {
            let record = BaseRecord::to(topic)
                .key(key)
                .payload(value)
                .timestamp(time.0);
            match self.producer.send(record) {
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    self.producer.poll(Duration::from_millis(1));
                }
                other => {
                    other.map_err(|(error, _)| error)?;
                    self.progress.events.fetch_add(1, Ordering::AcqRel);
                    return Ok(());
                }
            }
        }
    }

    /// Waits until the worker has caught up. The embedded cluster drops old records soon, and a viewer wants to see an
    /// alert beside its incident.
    fn wait_for_reader(&self) {
        while self.is_ahead() && !self.stop.load(Ordering::Relaxed) {
            std::thread::sleep(STRIDE / 10);
        }
    }

    fn is_ahead(&self) -> bool {
        let status = self.board.status();
        let events = self.progress.events.load(Ordering::Acquire);
        let unread = events.saturating_sub(status.events + status.labels);
        let windows = status.models.iter().flat_map(|model| &model.quality);
        let judged = windows.map(|window| window.end).max();
        let is_behind = |judged: EventTime| judged.plus_millis(UNJUDGED_MAX) < self.progress.now();
        unread > UNREAD_MAX || judged.is_some_and(is_behind)
    }
}

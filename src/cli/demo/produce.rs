//! Produce only: the demo's traffic to any broker in real time, event time being now.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};

use super::encode;
use super::traffic::{DemoEvent, Traffic};
use crate::event::EventTime;

/// Pause between two handfuls of events.
const STEP: Duration = Duration::from_millis(200);
/// How long the broker and the topic may take to appear.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the last events may take to be delivered.
const FAREWELL: Duration = Duration::from_secs(4);

/// What to produce, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct ProduceOptions {
    /// `HOST:PORT`, several with commas.
    pub brokers: String,
    /// The topic; created by the broker where it allows that.
    pub topic: String,
    /// Events per second on average over a day; they swing by 40 % with the hour.
    pub per_second: f64,
    /// Seed of the stream.
    pub seed: u64,
}

/// Producing could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// No answer.
    #[error("no broker answers at {brokers}: start one, or name another with --brokers ({source})")]
    Unreachable {
        /// Where.
        brokers: String,
        /// What the client said.
        source: KafkaError,
    },
    /// No such topic.
    #[error(
        "topic {0} does not exist and the broker does not create it: create it first, or name another with --topic"
    )]
    NoTopic(String),
    /// The client refused.
    #[error("cannot produce to {topic}: {source}")]
    Kafka {
        /// The topic.
        topic: String,
        /// What the client said.
        source: KafkaError,
    },
    /// An event that is no JSON; never in practice.
    #[error("an event cannot be written: {0}")]
    Encode(#[from] serde_json::Error),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Produced {
    /// Events that the broker acknowledged.
    pub delivered: u64,
    /// Events that it did not.
    pub failed: u64,
}

/// Counts what the broker says of each event.
#[derive(Default)]
struct Deliveries {
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let counter = if result.is_ok() {
            &self.delivered
        } else {
            &self.failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Produces until `stop` is set; `tell` hears about every ten seconds how it goes.
///
/// # Errors
/// When no broker answers, the topic does not exist, or the client refuses an event.
pub fn produce(
    options: &ProduceOptions,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(Produced),
) -> Result<Produced, ProduceError> {
    let producer = connect(options)?;
    let traffic = Traffic {
        seed: options.seed,
        per_minute: options.per_second * 60.0,
    };
    let mut from = now();
    let mut told = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(STEP);
        let to = now();
        // Only what has happened is sent: no event time lies ahead of its arrival.
        for event in traffic.span(from, to.0 - from.0, None) {
            send(&producer, options, &event)?;
        }
        from = to;
        if told.elapsed() >= Duration::from_secs(10) {
            told = Instant::now();
            tell(produced(&producer));
        }
    }
    producer
        .flush(FAREWELL)
        .map_err(|source| refused(options, source))?;
    Ok(produced(&producer))
}

fn produced(producer: &ThreadedProducer<Deliveries>) -> Produced {
    let context = producer.context();
    Produced {
        delivered: context.delivered.load(Ordering::Relaxed),
        failed: context.failed.load(Ordering::Relaxed),
    }
}

fn refused(options: &ProduceOptions, source: KafkaError) -> ProduceError {
    ProduceError::Kafka {
        topic: options.topic.clone(),
        source,
    }
}

/// A producer whose topic exists.
fn connect(options: &ProduceOptions) -> Result<ThreadedProducer<Deliveries>, ProduceError> {
    let producer: ThreadedProducer<Deliveries> = ClientConfig::new()
        .set("bootstrap.servers", &options.brokers)
        .set("client.id", "tidegauge-demo")
        .set("linger.ms", "50")
        .set("compression.type", "zstd")
        .create_with_context(Deliveries::default())
        .map_err(|source| refused(options, source))?;
    let began = Instant::now();
    loop {
        let found = producer
            .client()
            .fetch_metadata(Some(&options.topic), Duration::from_secs(5));
        let late = began.elapsed() >= PATIENCE;
        match found {
            Ok(metadata)
                if metadata
                    .topics()
                    .iter()
                    .any(|topic| topic.error().is_none()) =>
            {
                return Ok(producer);
            }
            Ok(_) if late => return Err(ProduceError::NoTopic(options.topic.clone())),
            Err(source) if late => {
                return Err(ProduceError::Unreachable {
                    brokers: options.brokers.clone(),
                    source,
                });
            }
            _ => std::thread::sleep(Duration::from_millis(500)),
        }
    }
}

/// Waits while the client's queue is full: a broker that is away holds the stream back instead of losing it.
fn send(
    producer: &ThreadedProducer<Deliveries>,
    options: &ProduceOptions,
    event: &DemoEvent,
) -> Result<(), ProduceError> {
    let value = encode(event)?;
    let mut record = BaseRecord::to(&options.topic)
        .key(&event.id)
        .payload(&value)
        .timestamp(event.time.0);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                record = again;
                std::thread::sleep(STEP);
            }
            Err((source, _)) => return Err(refused(options, source)),
        }
    }
}

/// The one place of the demo that reads the wall clock.
fn now() -> EventTime {
    EventTime(jiff::Timestamp::now().as_millisecond())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::mocking::MockCluster;

    /// On the client's own cluster: real sockets, no broker.
    #[test]
    fn what_is_reported_as_delivered_lies_in_the_topic() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("payments", 1, 1).unwrap();
        let brokers = cluster.bootstrap_servers();
        let options = ProduceOptions {
            brokers: brokers.clone(),
            topic: "payments".into(),
            per_second: 500.0,
            seed: 1,
        };
        let stop = AtomicBool::new(false);
        let produced = std::thread::scope(|scope| {
            let worker = scope.spawn(|| produce(&options, &stop, &mut |_| {}));
            std::thread::sleep(Duration::from_millis(1_500));
            stop.store(true, Ordering::Relaxed);
            worker.join().unwrap().unwrap()
        });
        assert!(
            produced.delivered > 100 && produced.failed == 0,
            "{produced:?}"
        );
        let reader: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &brokers)
            .create()
            .unwrap();
        let (_, end) = reader
            .fetch_watermarks("payments", 0, Duration::from_secs(5))
            .unwrap();
        assert_eq!(u64::try_from(end).unwrap(), produced.delivered);
    }
}

//! Producer of the demo's traffic for any broker, in real time: the event time is now.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};

use super::encode::encode;
use super::traffic::{DemoEvent, Traffic};
use crate::event::EventTime;

/// Pause between two groups of events.
const STEP: Duration = Duration::from_millis(200);
/// Maximum time until broker and topic appear.
const PATIENCE: Duration = Duration::from_secs(15);
/// Maximum time to deliver the last events.
const FAREWELL: Duration = Duration::from_secs(4);

/// Target and rate of the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct ProduceOptions {
    /// Brokers as `HOST:PORT`, separated by commas.
    pub brokers: String,
    /// Topic. The broker creates it if it allows that.
    pub topic: String,
    /// Average number of events per second over a day. The rate varies by 40 % with the hour.
    pub per_second: f64,
    /// Seed of the stream.
    pub seed: u64,
}

/// Error of the producer.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// No broker answered.
    #[error("no broker answers at {brokers}: start one, or name another with --brokers ({source})")]
    Unreachable {
        /// Address of the brokers.
        brokers: String,
        /// Message of the client.
        source: KafkaError,
    },
    /// The topic does not exist.
    #[error(
        "topic {0} does not exist and the broker does not create it: create it first, or name another with --topic"
    )]
    NoTopic(String),
    /// The client refused an event.
    #[error("cannot produce to {topic}: {source}")]
    Kafka {
        /// Name of the topic.
        topic: String,
        /// Message of the client.
        source: KafkaError,
    },
    /// An event cannot be written as JSON. This never happens in practice.
    #[error("an event cannot be encoded: {0}")]
    Encode(#[from] serde_json::Error),
}

/// Counts of delivered and refused events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Produced {
    /// Number of events that the broker acknowledged.
    pub delivered: u64,
    /// Number of events that it did not.
    pub failed: u64,
}

/// Client context that counts delivery reports.
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

/// Produces until `stop` is set. Calls `report` about every ten seconds with the counts.
///
/// # Errors
/// When no broker answers, the topic does not exist, or the client refuses an event.
pub fn produce(
    options: &ProduceOptions,
    stop: &AtomicBool,
    report: &mut dyn FnMut(Produced),
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
        // Only past events are sent, so no event time is ahead of its arrival.
        for event in traffic.span(from, to.0 - from.0, None) {
            send(&producer, options, &event)?;
        }
        from = to;
        if told.elapsed() >= Duration::from_secs(10) {
            told = Instant::now();
            report(produced(&producer));
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

/// Connects a producer and waits until the topic exists.
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

/// Sends an event, and waits while the client's queue is full. If the broker is away, the stream waits and loses
/// nothing.
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

/// Reads the wall clock. No other place of the demo does.
fn now() -> EventTime {
    EventTime(jiff::Timestamp::now().as_millisecond())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::mocking::MockCluster;

    /// Runs on the cluster inside the client: real sockets, no broker.
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

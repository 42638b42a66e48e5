//! Orders of operators on Kafka: writes one to the control topic, and follows the topic on which it is audited.

use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use super::context::{DeliveryContext, QuietContext};
use super::lookup::Lookup;
use super::outage::is_outage;
use super::refusal::refused;
use super::rights::{Principal, Right};
use super::settings::ClientSettings;
use crate::runtime::{Fault, Heartbeat, TopicPartition};

/// Maximum time until the brokers have stored an order.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);
/// Partition of the control topic that orders go to: all orders have one order.
const PARTITION: i32 = 0;
/// Time between two looks for delivery reports.
const DELIVERY_POLL: Duration = Duration::from_millis(20);

/// An order that is being given, and the reader of its audit.
pub struct OrderDesk<'a> {
    settings: &'a ClientSettings,
    lookup: Lookup,
    reader: BaseConsumer<QuietContext>,
    audits: String,
    control: String,
    /// End of the control topic after the order.
    sent_to: Option<i64>,
}

impl<'a> OrderDesk<'a> {
    /// Connects, and remembers where topic `audits` ends: what comes later may be the audit.
    ///
    /// # Errors
    /// When a topic does not exist or the cluster does not answer.
    pub fn open(settings: &'a ClientSettings, control: &str, audits: &str) -> Result<Self, Fault> {
        let lookup = Lookup::create(settings, &Heartbeat::default())?;
        for topic in [control, audits] {
            partitions(&lookup, settings, topic)?;
        }
        let numbers: Vec<i32> = (0..partitions(&lookup, settings, audits)?).collect();
        let reader = BaseConsumer::from_config_and_context(
            &settings.state_reader(),
            QuietContext::default(),
        )
        .map_err(|error| refused(&error))?;
        let desk = Self {
            settings,
            reader,
            audits: audits.to_owned(),
            control: control.to_owned(),
            sent_to: None,
            lookup,
        };
        let mut list = TopicPartitionList::new();
        for (partition, end) in desk.lookup.ends(audits, &numbers)? {
            list.add_partition_offset(audits, partition, Offset::Offset(end))
                .map_err(|error| desk.cannot_read(&error))?;
        }
        desk.reader
            .assign(&list)
            .map_err(|error| desk.cannot_read(&error))?;
        Ok(desk)
    }

    /// Writes the order.
    ///
    /// # Errors
    /// When the brokers do not store it, or do not allow it.
    pub fn give(&mut self, key: &str, value: &[u8]) -> Result<(), Fault> {
        let (config, context) = (self.settings.order_writer(), DeliveryContext::default());
        let producer: BaseProducer<DeliveryContext> =
            BaseProducer::from_config_and_context(&config, context).map_err(|e| refused(&e))?;
        let to = BaseRecord::to(&self.control).partition(PARTITION);
        let record = to.key(key).payload(value);
        producer
            .send(record)
            .map_err(|(error, _)| self.cannot_write(&error))?;
        let deadline = Instant::now() + DELIVERY_TIMEOUT;
        while producer.in_flight_count() > 0 && Instant::now() < deadline {
            producer.poll(DELIVERY_POLL);
        }
        if let Some(error) = producer.context().take_failure() {
            return Err(self.cannot_write(&error));
        }
        if producer.in_flight_count() > 0 {
            return Err(Fault::Fatal(format!(
                "the brokers at {} have not stored the order within {} s: check that they are up, and whether the order is on topic {}",
                self.settings.brokers,
                DELIVERY_TIMEOUT.as_secs(),
                self.control
            )));
        }
        let ends = self.lookup.ends(&self.control, &[PARTITION])?;
        self.sent_to = ends.first().map(|(_, end)| *end);
        Ok(())
    }

    /// True if a process of the group has read the order; `None` if the group does not say.
    #[must_use]
    pub fn is_read(&self) -> Option<bool> {
        let control = TopicPartition::of(&self.control, PARTITION);
        let committed = self.lookup.committed(&[control]).ok()?;
        let offset = committed
            .first()?
            .as_ref()
            .map(|committed| committed.offset);
        Some(offset >= Some(self.sent_to?))
    }

    /// The next record with this key on the topic of audits, within `wait`.
    ///
    /// # Errors
    /// When reading fails, or is not allowed.
    pub fn audit(&self, key: &str, wait: Duration) -> Result<Option<Vec<u8>>, Fault> {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            match self.reader.poll(left) {
                Some(Ok(message)) if message.key() == Some(key.as_bytes()) => {
                    return Ok(message.payload().map(<[u8]>::to_vec));
                }
                Some(Err(KafkaError::PartitionEOF(_)) | Ok(_)) | None => {}
                Some(Err(error)) if is_outage(&error) => {
                    // Brokers may come back, and the wait has its own end.
                }
                Some(Err(error)) => return Err(self.cannot_read(&error)),
            }
        }
    }

    fn cannot_read(&self, error: &KafkaError) -> Fault {
        let right = Right::ReadTopic(self.audits.clone());
        let denied = Principal::of(self.settings).denied(error, Some(right));
        denied.unwrap_or_else(|| Fault::Fatal(format!("cannot read {}: {error}", self.audits)))
    }

    fn cannot_write(&self, error: &KafkaError) -> Fault {
        let right = Right::WriteTopic(self.control.clone());
        let denied = Principal::of(self.settings).denied(error, Some(right));
        denied.unwrap_or_else(|| {
            Fault::Fatal(match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::ClusterAuthorizationFailed) => format!(
                    "the brokers do not allow the idempotent order to be written to {}: grant Write on the topic, or IdempotentWrite on brokers \
                     before version 3",
                    self.control
                ),
                _ => format!("the order cannot be written to {}: {error}", self.control),
            })
        })
    }
}

fn partitions(lookup: &Lookup, settings: &ClientSettings, topic: &str) -> Result<i32, Fault> {
    lookup.partitions(topic)?.ok_or_else(|| {
        Fault::Fatal(format!(
            "topic {topic} does not exist on {}: check `topics.prefix`, or run `tidegauge topics apply`",
            settings.brokers
        ))
    })
}

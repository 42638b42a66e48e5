//! Transactional producer of a worker: it is created when needed, and replaced after an unclear outcome.

use rdkafka::TopicPartitionList;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::OwnedMessage;
use rdkafka::producer::Producer;

use super::context::DeliveryContext;
use super::refusal::refused;
use super::rights::{Principal, Right};
use super::settings::ClientSettings;
use super::transaction::{
    self, Aftermath, DeadLetterTarget, Failure, Steps, TransactionTimes, TransactionalProducer,
};
use crate::runtime::{Fault, Heartbeat, Outgoing};

/// Number of consecutive transactions that another process may fence before the worker stops.
const FENCED_MAX: u32 = 3;

/// Producer of a worker, and its dead-letter topic.
pub struct Writer {
    dead_letters: String,
    heartbeat: Heartbeat,
    producer: Option<TransactionalProducer>,
    /// Number of consecutive transactions that another process fenced.
    fenced: u32,
}

impl Writer {
    /// Writer without a producer. Dead letters go to the topic `dead_letters`.
    pub fn new(dead_letters: &str, heartbeat: &Heartbeat) -> Self {
        Self {
            dead_letters: dead_letters.to_owned(),
            heartbeat: heartbeat.clone(),
            producer: None,
            fenced: 0,
        }
    }

    /// Creates the producer if there is none.
    ///
    /// # Errors
    /// When the client refuses, or transactions cannot be initialised.
    pub fn prepare(
        &mut self,
        settings: &ClientSettings,
        times: TransactionTimes,
    ) -> Result<(), Fault> {
        let producer = self.take(settings, times)?;
        self.producer = Some(producer);
        Ok(())
    }

    /// Sends `records` and `offsets` in one transaction and commits it.
    ///
    /// # Errors
    /// When the transaction failed; it is aborted then.
    pub fn commit(
        &mut self,
        settings: &ClientSettings,
        times: TransactionTimes,
        records: Vec<Outgoing<OwnedMessage>>,
        offsets: Option<(&TopicPartitionList, &ConsumerGroupMetadata)>,
    ) -> Result<(), Fault> {
        let producer = self.take(settings, times)?;
        let letters = DeadLetterTarget {
            topic: &self.dead_letters,
            bytes_max: settings.record_bytes_max(),
        };
        match self
            .steps(times)
            .commit(&producer, records, letters, offsets)
        {
            Ok(aftermath) => {
                self.fenced = 0;
                self.producer = (aftermath == Aftermath::Clean).then_some(producer);
                Ok(())
            }
            Err(failure) => {
                let denied = producer.context().take_denied();
                self.abort(producer, times, &failure);
                Err(self.fault_of(settings, &failure, denied))
            }
        }
    }

    fn steps(&self, times: TransactionTimes) -> Steps<'_> {
        Steps {
            heartbeat: &self.heartbeat,
            times,
        }
    }

    fn take(
        &mut self,
        settings: &ClientSettings,
        times: TransactionTimes,
    ) -> Result<TransactionalProducer, Fault> {
        match self.producer.take() {
            Some(producer) => Ok(producer),
            None => self.open(settings, times),
        }
    }

    /// Creates a producer. The broker first ends what an earlier producer of this transactional id left open.
    fn open(
        &self,
        settings: &ClientSettings,
        times: TransactionTimes,
    ) -> Result<TransactionalProducer, Fault> {
        let (config, context) = (settings.producer(), DeliveryContext::default());
        let producer = TransactionalProducer::from_config_and_context(&config, context)
            .map_err(|e| refused(&e))?;
        self.steps(times).initialise(&producer).map_err(|failure| {
            let denied = Principal::of(settings).denied(&failure.error, None);
            denied.unwrap_or_else(|| {
                Fault::Passing(format!("cannot {}: {}", failure.during, failure.error))
            })
        })?;
        Ok(producer)
    }

    fn abort(
        &mut self,
        producer: TransactionalProducer,
        times: TransactionTimes,
        failure: &Failure,
    ) {
        self.fenced = if transaction::is_fenced(&failure.error) {
            self.fenced + 1
        } else {
            0
        };
        if self.steps(times).abort(&producer, failure) == Aftermath::Clean {
            self.producer = Some(producer);
        }
    }

    /// Fault of a failed transaction. `denied` is a topic on which the brokers do not allow to write.
    fn fault_of(
        &self,
        settings: &ClientSettings,
        failure: &Failure,
        denied: Option<String>,
    ) -> Fault {
        if let Some(topic) = denied {
            return Principal::of(settings).lacks(&Right::WriteTopic(topic));
        }
        if self.fenced >= FENCED_MAX {
            return Fault::Fatal(
                "another live process uses the same transactional id, so the two keep fencing each other: give each process its \
                 own `runtime.transactional_id`, or leave it unset"
                    .to_owned(),
            );
        }
        if failure.error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
            return Fault::Fatal(format!(
                "a record is larger than its topic accepts: set `max.message.bytes` to at least {} on the topics that tidegauge writes",
                settings.record_bytes_max()
            ));
        }
        let denied = Principal::of(settings).denied(&failure.error, None);
        denied.unwrap_or_else(|| {
            Fault::Passing(format!(
                "the transaction failed to {}: {}",
                failure.during, failure.error
            ))
        })
    }
}

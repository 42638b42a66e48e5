//! The callbacks of the clients: they note what happened, and the polling thread acts on it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::TopicPartitionList;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::types::RDKafkaRespErr;

use crate::runtime::TopicPartition;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        // The user's properties go to every client, and each complains about those that are meant for another.
        _ if facility == "CONFWARN" => tracing::debug!(target: "kafka", facility, message),
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => {
            tracing::error!(target: "kafka", facility, message);
        }
        RDKafkaLogLevel::Warning => tracing::warn!(target: "kafka", facility, message),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "kafka", facility, message)
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "kafka", facility, message),
    }
}

/// What the group decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// These partitions are ours.
    Assigned(Vec<TopicPartition>),
    /// They are taken back; flush first.
    Revoked,
    /// They were taken while we were away.
    Lost,
}

/// The consumer's callbacks.
#[derive(Default)]
pub struct GroupContext {
    decisions: Mutex<VecDeque<Decision>>,
    gives_way: AtomicBool,
}

impl GroupContext {
    /// The oldest decision that was not acted on.
    pub fn next_decision(&self) -> Option<Decision> {
        lock(&self.decisions).pop_front()
    }

    /// From now on the callback itself gives everything back: the polling thread is leaving.
    pub fn give_way(&self) {
        self.gives_way.store(true, Ordering::Relaxed);
    }
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(target: "kafka", %error, reason, "consumer");
    }
}

impl ConsumerContext for GroupContext {
    /// Only notes the decision: assigning inside the callback would assign once more after us, and the flush before
    /// giving partitions back belongs to the polling thread.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        if self.gives_way.load(Ordering::Relaxed) {
            let _nothing_to_flush = consumer.unassign();
            return;
        }
        let decision = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                Decision::Assigned(listed(partitions))
            }
            _ if consumer.assignment_lost() => Decision::Lost,
            _ => Decision::Revoked,
        };
        lock(&self.decisions).push_back(decision);
    }
}

fn listed(partitions: &TopicPartitionList) -> Vec<TopicPartition> {
    let elements = partitions.elements();
    elements
        .iter()
        .map(|e| TopicPartition {
            topic: e.topic().to_owned(),
            partition: e.partition(),
        })
        .collect()
}

/// The producer's callbacks.
#[derive(Default)]
pub struct DeliveryContext {
    failure: Mutex<Option<KafkaError>>,
}

impl DeliveryContext {
    /// The first delivery that failed since the last call.
    pub fn take_failure(&self) -> Option<KafkaError> {
        lock(&self.failure).take()
    }
}

impl ClientContext for DeliveryContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(target: "kafka", %error, reason, "producer");
    }
}

impl ProducerContext for DeliveryContext {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            lock(&self.failure).get_or_insert_with(|| error.clone());
        }
    }
}

/// A client without callbacks of its own: its log goes where ours goes.
#[derive(Default)]
pub struct QuietContext;

impl ClientContext for QuietContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "kafka", %error, reason, "reader");
    }
}

impl ConsumerContext for QuietContext {}

//! Callbacks of the clients. They record what happened; the polling thread acts on it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::TopicPartitionList;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::types::RDKafkaRespErr;

use super::connection::{Refusal, refusal_in};
use super::outage::{code_of, is_line_of_outage, is_outage, is_refusal};
use crate::runtime::TopicPartition;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        // Every client gets all properties of the user, and warns about those that belong to another client.
        _ if facility == "CONFWARN" => tracing::debug!(target: "kafka", facility, message),
        // Whoever needs an answer of the brokers says that none comes.
        _ if is_line_of_outage(facility, message) => {
            tracing::debug!(target: "kafka", facility, message);
        }
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

/// Logs an error that a client reports without being asked.
fn report(error: &KafkaError, reason: &str) {
    if is_outage(error) {
        tracing::debug!(target: "kafka", %error, reason, "error of a client");
    } else {
        tracing::warn!(target: "kafka", %error, reason, "error of a client");
    }
}

/// Decision of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The group assigned these partitions.
    Assigned(Vec<TopicPartition>),
    /// The group takes all partitions back. Flush first.
    Revoked,
    /// The group took all partitions while the process did not answer.
    Lost,
}

/// Callbacks of the consumer.
#[derive(Default)]
pub struct GroupContext {
    decisions: Mutex<VecDeque<Decision>>,
    gives_way: AtomicBool,
    answered: AtomicUsize,
}

impl GroupContext {
    /// Oldest decision that was not handled yet.
    pub fn next_decision(&self) -> Option<Decision> {
        lock(&self.decisions).pop_front()
    }

    /// From now on the callback gives all partitions back by itself, because the polling thread is leaving. Returns true if
    /// it does so already.
    pub fn give_way(&self) -> bool {
        self.gives_way.swap(true, Ordering::Relaxed)
    }

    /// Number of decisions that the callback answered by itself.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        report(&error, reason);
    }
}

impl ConsumerContext for GroupContext {
    /// Only records the decision. If the callback assigned partitions, they would be assigned twice, and the polling thread
    /// must flush before partitions are given back.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        if self.gives_way.load(Ordering::Relaxed) {
            let _nothing_to_flush = consumer.unassign();
            self.answered.fetch_add(1, Ordering::Relaxed);
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

/// Callbacks of the producer.
#[derive(Default)]
pub struct DeliveryContext {
    failure: Mutex<Option<KafkaError>>,
    denied: Mutex<Option<String>>,
}

impl DeliveryContext {
    /// Error of the first failed delivery since the last call.
    pub fn take_failure(&self) -> Option<KafkaError> {
        lock(&self.failure).take()
    }

    /// First topic, since the last call, on which the brokers do not allow to write.
    pub fn take_denied(&self) -> Option<String> {
        lock(&self.denied).take()
    }

    fn deny(&self, topic: &str) {
        lock(&self.denied).get_or_insert_with(|| topic.to_owned());
    }
}

/// Facility of the library's lines about a partition that could not be added to a transaction.
const ADD_PARTITIONS: &str = "ADDPARTS";

/// Topic in such a line, if the reason is a missing right: `Failed to add partition "TOPIC" [0] to transaction: …`. The error
/// that the library returns later does not name it.
fn denied_topic(message: &str) -> Option<&str> {
    let names = message.contains("authorization failed");
    names.then(|| message.split('"').nth(1)).flatten()
}

impl ClientContext for DeliveryContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if facility == ADD_PARTITIONS {
            // A line per partition. The fault of the transaction says what matters.
            tracing::debug!(target: "kafka", facility, message);
            if let Some(topic) = denied_topic(message) {
                self.deny(topic);
            }
            return;
        }
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        report(&error, reason);
    }
}

impl ProducerContext for DeliveryContext {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            if error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed) {
                self.deny(message.topic());
            }
            lock(&self.failure).get_or_insert_with(|| error.clone());
        }
    }
}

/// Maximum age of a refused connection that explains a failed request. The library repeats its line after 30 s.
const REFUSAL_AGE_MAX: Duration = Duration::from_secs(60);

/// Callbacks of a client that is only asked. It keeps the reason why the last request failed.
#[derive(Default)]
pub struct QuietContext {
    reason: Mutex<Option<(KafkaError, String)>>,
    refusal: Mutex<Option<(Instant, Refusal, String)>>,
}

impl QuietContext {
    /// Error of the connection that the library reported since the last call, and its text. A refusal counts more than
    /// other errors, and an error that names an address more than the summary.
    pub fn take_reason(&self) -> Option<(KafkaError, String)> {
        lock(&self.reason).take()
    }

    /// Last refused connection since the last call, and the library's line about it. An old one says nothing about an outage
    /// of today.
    pub fn take_refusal(&self) -> Option<(Refusal, String)> {
        let (at, refusal, line) = lock(&self.refusal).take()?;
        (at.elapsed() < REFUSAL_AGE_MAX).then_some((refusal, line))
    }
}

impl ClientContext for QuietContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if let Some(refusal) = refusal_in(message) {
            let (_thread, line) = message.split_once("]: ").unwrap_or(("", message));
            *lock(&self.refusal) = Some((Instant::now(), refusal, line.to_owned()));
        }
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "kafka", %error, reason, "error of a reader");
        let mut kept = lock(&self.reason);
        let is_summary = code_of(&error) == Some(RDKafkaErrorCode::AllBrokersDown);
        let is_better = kept
            .as_ref()
            .is_none_or(|(before, _)| is_refusal(&error) || (!is_refusal(before) && !is_summary));
        if is_better {
            *kept = Some((error, reason.to_owned()));
        }
    }
}

impl ConsumerContext for QuietContext {}

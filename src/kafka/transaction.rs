//! One flush as one Kafka transaction: begin, send, drain, offsets, commit. Also the meaning of each failure.
//!
//! Two facts were learned on a real broker. First, all deliveries must be drained before the commit: this removes a delay of
//! 100 ms from the commit, and an abort is possible only then. Second, the offsets of *every* task must be sent, or a
//! replaced worker is not fenced.

use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::context::DeliveryContext;
use super::dead_letter;
use crate::runtime::{Activity, Heartbeat, Outgoing, Target};

/// Time after which a step of a transaction counts as failed.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// Time of one wait for deliveries.
const DRAIN_SLICE: Duration = Duration::from_micros(500);
/// Maximum number of attempts of a call that may be repeated.
const ATTEMPTS_MAX: usize = 5;

/// Producer with transactions.
pub type TransactionalProducer = BaseProducer<DeliveryContext>;

/// State of the producer after a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aftermath {
    /// Ready for the next transaction.
    Clean,
    /// A call was repeated or timed out. A new producer is needed, so that the epoch moves.
    Recreate,
}

/// Transaction that failed or whose outcome is unknown.
#[derive(Debug)]
pub struct Failure {
    /// Step that failed.
    pub during: &'static str,
    /// Error of the library.
    pub error: KafkaError,
}

/// Topic of dead letters, and the size limit of one.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetterTarget<'a> {
    /// Name of the topic.
    pub topic: &'a str,
    /// Maximum bytes of one record.
    pub bytes_max: usize,
}

/// Sends all records and offsets, and commits.
///
/// # Errors
/// Step and error. The caller aborts.
pub fn commit(
    producer: &TransactionalProducer,
    heartbeat: &Heartbeat,
    records: Vec<Outgoing<OwnedMessage>>,
    dead_letters: DeadLetterTarget<'_>,
    offsets: Option<(&TopicPartitionList, &ConsumerGroupMetadata)>,
) -> Result<Aftermath, Failure> {
    heartbeat.beat(Activity::SendingRecords);
    producer.begin_transaction().map_err(during("begin"))?;
    for record in records {
        send(producer, record, dead_letters).map_err(during("send"))?;
    }
    drain(producer).map_err(during("deliver"))?;
    let mut aftermath = Aftermath::Clean;
    if let Some((offsets, group)) = offsets {
        let sent = repeated(&mut aftermath, || {
            heartbeat.beat(Activity::SendingOffsets);
            producer.send_offsets_to_transaction(offsets, group, STEP_TIMEOUT)
        });
        sent.map_err(during("send offsets"))?;
    }
    repeated(&mut aftermath, || {
        heartbeat.beat(Activity::Committing);
        producer.commit_transaction(STEP_TIMEOUT)
    })
    .map_err(during("commit"))?;
    Ok(aftermath)
}

/// Aborts the transaction. Returns the state of the producer.
pub fn abort(
    producer: &TransactionalProducer,
    heartbeat: &Heartbeat,
    failure: &Failure,
) -> Aftermath {
    if is_fatal(&failure.error) {
        return Aftermath::Recreate;
    }
    heartbeat.beat(Activity::Aborting);
    let _undelivered = drain(producer); // what matters is that no report is outstanding
    let mut aftermath = Aftermath::Clean;
    let aborted = repeated(&mut aftermath, || {
        heartbeat.beat(Activity::Aborting);
        producer.abort_transaction(STEP_TIMEOUT)
    });
    match aborted {
        Ok(()) => aftermath,
        Err(_) => Aftermath::Recreate,
    }
}

fn during(what: &'static str) -> impl FnOnce(KafkaError) -> Failure {
    move |error| Failure {
        during: what,
        error,
    }
}

/// True if the producer cannot be used any more.
fn is_fatal(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => error.is_fatal() || !error.txn_requires_abort(),
        _ => false,
    }
}

/// True if a newer producer has the same transactional id.
pub fn is_fenced(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::Fenced | RDKafkaErrorCode::ProducerFenced)
    )
}

/// Repeats a call while the library reports that it may be repeated.
fn repeated(
    aftermath: &mut Aftermath,
    mut call: impl FnMut() -> Result<(), KafkaError>,
) -> Result<(), KafkaError> {
    for _ in 1..ATTEMPTS_MAX {
        match call() {
            Err(KafkaError::Transaction(error)) if error.is_retriable() => {
                *aftermath = Aftermath::Recreate
            }
            other => return other,
        }
    }
    call()
}

/// Waits for all delivery reports.
fn drain(producer: &TransactionalProducer) -> Result<(), KafkaError> {
    let deadline = Instant::now() + STEP_TIMEOUT;
    while producer.in_flight_count() > 0 {
        producer.poll(DRAIN_SLICE);
        if Instant::now() > deadline {
            return Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut));
        }
    }
    producer.context().take_failure().map_or(Ok(()), Err)
}

fn send(
    producer: &TransactionalProducer,
    record: Outgoing<OwnedMessage>,
    letters: DeadLetterTarget<'_>,
) -> Result<(), KafkaError> {
    match record {
        Outgoing::Record {
            topic,
            target,
            key,
            headers,
            value,
        } => {
            let mut out = BaseRecord::<[u8], [u8]>::to(&topic).key(&key);
            out.payload = value.as_deref();
            if let Target::Partition(partition) = target {
                out = out.partition(partition);
            }
            if !headers.is_empty() {
                out = out.headers(owned(&headers));
            }
            enqueue(producer, out)
        }
        Outgoing::DeadLetter { original, reason } => {
            let letter = dead_letter::dead_letter(&original, reason, letters.bytes_max);
            let headers = dead_letter::headers(&original, &letter);
            let mut out = BaseRecord::<[u8], [u8]>::to(letters.topic).headers(headers);
            out.key = letter.key;
            out.payload = letter.payload;
            enqueue(producer, out)
        }
    }
}

fn owned(headers: &[(String, String)]) -> OwnedHeaders {
    let empty = OwnedHeaders::new_with_capacity(headers.len());
    headers.iter().fold(empty, |all, (key, value)| {
        all.insert(Header {
            key,
            value: Some(value),
        })
    })
}

/// Gives a record to the client. Waits while its queue is full.
fn enqueue(
    producer: &TransactionalProducer,
    record: BaseRecord<'_, [u8], [u8]>,
) -> Result<(), KafkaError> {
    let deadline = Instant::now() + STEP_TIMEOUT;
    let mut record = record;
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                if Instant::now() < deadline =>
            {
                producer.poll(DRAIN_SLICE);
                record = back;
            }
            Err((error, _)) => return Err(error),
        }
    }
}

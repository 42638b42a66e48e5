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
use super::faults::is_denied;
use crate::runtime::{Activity, Heartbeat, Outgoing, Target};

/// Maximum time of one call of the client.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause between two looks for delivery reports.
const REPORTS_PAUSE: Duration = Duration::from_micros(500);
/// Pause before a call is repeated. The library may answer at once that a call may be repeated.
const REPEAT_PAUSE: Duration = Duration::from_millis(20);

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

/// Times by which a transaction is over, whatever its outcome.
#[derive(Debug, Clone, Copy)]
pub struct TransactionTimes {
    commit_by: Instant,
    abort_by: Instant,
}

impl TransactionTimes {
    /// From now on, `limit` for everything. A quarter is kept for the abort: a transaction that is left open blocks readers
    /// until the broker ends it.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        let now = Instant::now();
        Self {
            commit_by: now + limit * 3 / 4,
            abort_by: now + limit,
        }
    }
}

/// The steps of a transaction, each of them within the times, with a beat before each call.
#[derive(Clone, Copy)]
pub struct Steps<'a> {
    /// Heartbeat of the worker.
    pub heartbeat: &'a Heartbeat,
    /// Times of the transaction.
    pub times: TransactionTimes,
}

impl Steps<'_> {
    /// Gets the producer its identity. It waits for a transaction that a previous producer left open.
    ///
    /// # Errors
    /// When the brokers refuse or do not answer.
    pub fn initialise(self, producer: &TransactionalProducer) -> Result<(), Failure> {
        let mut repeated = Repeated::until(self.times.commit_by);
        repeated
            .call(|timeout| {
                self.heartbeat.beat(Activity::OpeningProducer);
                producer.init_transactions(timeout)
            })
            .map_err(during("initialise transactions"))
    }

    /// Sends all records and offsets, and commits.
    ///
    /// # Errors
    /// Step and error. The caller aborts.
    pub fn commit(
        self,
        producer: &TransactionalProducer,
        records: Vec<Outgoing<OwnedMessage>>,
        dead_letters: DeadLetterTarget<'_>,
        offsets: Option<(&TopicPartitionList, &ConsumerGroupMetadata)>,
    ) -> Result<Aftermath, Failure> {
        self.heartbeat.beat(Activity::SendingRecords);
        producer.begin_transaction().map_err(during("begin"))?;
        let by = step_end(self.times.commit_by);
        for record in records {
            send(producer, record, dead_letters, by).map_err(during("send"))?;
        }
        self.heartbeat.beat(Activity::SendingRecords);
        deliver(producer, step_end(self.times.commit_by)).map_err(during("deliver"))?;
        let mut repeated = Repeated::until(self.times.commit_by);
        if let Some((offsets, group)) = offsets {
            let sent = repeated.call(|timeout| {
                self.heartbeat.beat(Activity::SendingOffsets);
                producer.send_offsets_to_transaction(offsets, group, timeout)
            });
            sent.map_err(during("send offsets"))?;
        }
        let committed = repeated.call(|timeout| {
            self.heartbeat.beat(Activity::Committing);
            producer.commit_transaction(timeout)
        });
        committed.map_err(during("commit"))?;
        Ok(repeated.aftermath)
    }

    /// Aborts the transaction. Returns the state of the producer. A producer that must be created anew ends the transaction,
    /// too: the broker aborts what its predecessor left open.
    pub fn abort(self, producer: &TransactionalProducer, failure: &Failure) -> Aftermath {
        if is_fatal(&failure.error) {
            return Aftermath::Recreate;
        }
        self.heartbeat.beat(Activity::Aborting);
        if !drain(producer, step_end(self.times.abort_by)) {
            return Aftermath::Recreate; // an abort fails while deliveries are outstanding
        }
        let _undelivered = producer.context().take_failure();
        let mut repeated = Repeated::until(self.times.abort_by);
        let aborted = repeated.call(|timeout| {
            self.heartbeat.beat(Activity::Aborting);
            producer.abort_transaction(timeout)
        });
        match aborted {
            Ok(()) => repeated.aftermath,
            Err(_) => Aftermath::Recreate,
        }
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

/// Calls that are repeated while the library reports that they may be repeated, up to a time.
struct Repeated {
    by: Instant,
    aftermath: Aftermath,
}

impl Repeated {
    fn until(by: Instant) -> Self {
        Self {
            by,
            aftermath: Aftermath::Clean,
        }
    }

    /// Each call gets the time that is left, at most [`STEP_TIMEOUT`].
    fn call(
        &mut self,
        mut call: impl FnMut(Duration) -> Result<(), KafkaError>,
    ) -> Result<(), KafkaError> {
        loop {
            match call(step_end(self.by).saturating_duration_since(Instant::now())) {
                Err(error) if may_repeat(&error) && Instant::now() + REPEAT_PAUSE < self.by => {
                    self.aftermath = Aftermath::Recreate;
                    std::thread::sleep(REPEAT_PAUSE);
                }
                other => return other,
            }
        }
    }
}

/// True if the library reports that the call may be repeated, and the brokers did not refuse for want of a right.
fn may_repeat(error: &KafkaError) -> bool {
    let retriable = matches!(error, KafkaError::Transaction(error) if error.is_retriable());
    retriable && !is_denied(error)
}

/// End of a step that begins now and must be over by `by`.
fn step_end(by: Instant) -> Instant {
    by.min(Instant::now() + STEP_TIMEOUT)
}

/// Waits for all delivery reports.
fn deliver(producer: &TransactionalProducer, by: Instant) -> Result<(), KafkaError> {
    if !drain(producer, by) {
        return Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut));
    }
    producer.context().take_failure().map_or(Ok(()), Err)
}

/// Serves delivery reports, or pauses if there are none. The client's own wait counts in whole milliseconds. With less than
/// one left it asks again and again until the time is over, which took a tenth of the processor time of a worker.
fn await_reports(producer: &TransactionalProducer) {
    let in_flight = producer.in_flight_count();
    producer.poll(Duration::ZERO);
    if producer.in_flight_count() == in_flight {
        std::thread::sleep(REPORTS_PAUSE);
    }
}

/// Serves delivery reports until none is outstanding. Returns false if some still are at `by`.
fn drain(producer: &TransactionalProducer, by: Instant) -> bool {
    while producer.in_flight_count() > 0 {
        await_reports(producer);
        if Instant::now() > by {
            return false;
        }
    }
    true
}

fn send(
    producer: &TransactionalProducer,
    record: Outgoing<OwnedMessage>,
    letters: DeadLetterTarget<'_>,
    by: Instant,
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
            enqueue(producer, out, by)
        }
        Outgoing::DeadLetter {
            original,
            reason,
            field,
        } => {
            let why = (reason, field);
            let letter = dead_letter::dead_letter(&original, why, letters.bytes_max);
            let headers = dead_letter::headers(&original, &letter);
            let mut out = BaseRecord::<[u8], [u8]>::to(letters.topic).headers(headers);
            out.key = letter.key;
            out.payload = letter.payload;
            enqueue(producer, out, by)
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
    by: Instant,
) -> Result<(), KafkaError> {
    let mut record = record;
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                if Instant::now() < by =>
            {
                await_reports(producer);
                record = back;
            }
            Err((error, _)) => return Err(error),
        }
    }
}

//! The log on Kafka: one consumer of a group, one transactional producer, and readers without a group.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::OwnedMessage;
use rdkafka::producer::Producer;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use super::context::{Decision, DeliveryContext, GroupContext, QuietContext};
use super::guard::guarded;
use super::message::KafkaMessage;
use super::refusal::refused;
use super::restore::{REQUEST_TIMEOUT, StateReading};
use super::settings::{ClientSettings, Offsets};
use super::transaction::{self, Aftermath, DeadLetterTarget, Failure, TransactionalProducer};
use crate::runtime::{
    Batch, Committed, Fault, FirstStart, Log, LogEvent, TakeEntry, TopicPartition,
};

/// How long one look at committed offsets waits for those that a transaction is deciding about; then the worker polls,
/// notices whether it is to stop, and looks again.
const COMMITTED_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a new producer may wait for the transaction that its predecessor left open.
const INITIALISE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long leaving the group may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Times in a row that another process may take our transactional id before we say so and stop.
const FENCED_MAX: u32 = 3;

/// The log on Kafka.
pub struct KafkaLog {
    settings: ClientSettings,
    dead_letters: String,
    consumer: BaseConsumer<GroupContext>,
    /// Sees where logs truly end.
    probe: BaseConsumer<QuietContext>,
    /// Sees up to where they are decided. Not asked of the consumer: there the question waits behind a fetch, for half a second.
    stable: BaseConsumer<QuietContext>,
    producer: Option<TransactionalProducer>,
    reading: Option<StateReading>,
    paused: BTreeSet<TopicPartition>,
    fenced: u32,
}

impl KafkaLog {
    /// Joins the group on `topics`; dead letters go to the topic of that name.
    ///
    /// # Errors
    /// When a property is unknown or no broker answers.
    pub fn connect(
        settings: ClientSettings,
        topics: &[&str],
        dead_letters: &str,
    ) -> Result<Self, Fault> {
        let probe = BaseConsumer::from_config_and_context(&settings.probe(), QuietContext)
            .map_err(|e| refused(&e))?;
        answers(&probe, &settings.brokers)?;
        let stable = BaseConsumer::from_config_and_context(&settings.stable_probe(), QuietContext)
            .map_err(|e| refused(&e))?;
        let consumer =
            BaseConsumer::from_config_and_context(&settings.consumer(), GroupContext::default())
                .map_err(|e| refused(&e))?;
        consumer.subscribe(topics).map_err(|e| refused(&e))?;
        Ok(Self {
            settings,
            dead_letters: dead_letters.to_owned(),
            consumer,
            probe,
            stable,
            producer: None,
            reading: None,
            paused: BTreeSet::new(),
            fenced: 0,
        })
    }

    fn new_producer(&self) -> Result<TransactionalProducer, Fault> {
        let producer: TransactionalProducer = TransactionalProducer::from_config_and_context(
            &self.settings.producer(),
            DeliveryContext::default(),
        )
        .map_err(|e| refused(&e))?;
        producer
            .init_transactions(INITIALISE_TIMEOUT)
            .map_err(|error| not_initialised(&error))?;
        Ok(producer)
    }

    /// Gives the transaction up and says what that means.
    fn undo(&mut self, producer: TransactionalProducer, failure: &Failure) -> Fault {
        self.fenced = if transaction::is_fenced(&failure.error) {
            self.fenced + 1
        } else {
            0
        };
        if transaction::abort(&producer, failure) == Aftermath::Clean {
            self.producer = Some(producer);
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
                self.settings.record_bytes_max()
            ));
        }
        denied(&failure.error, failure.during).unwrap_or_else(|| {
            Fault::Passing(format!(
                "the transaction failed to {}: {}",
                failure.during, failure.error
            ))
        })
    }

    /// Whether only control records lie at `next` and beyond: a reader that starts there comes to the end without a record.
    fn only_markers_follow(&self, at: &TopicPartition, next: i64) -> Result<bool, Fault> {
        let cannot =
            |error: KafkaError| Fault::Passing(format!("cannot read ahead in {at}: {error}"));
        let reader: BaseConsumer<QuietContext> =
            BaseConsumer::from_config_and_context(&self.settings.state_reader(), QuietContext)
                .map_err(cannot)?;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&at.topic, at.partition, Offset::Offset(next))
            .map_err(cannot)?;
        reader.assign(&list).map_err(cannot)?;
        Ok(matches!(
            reader.poll(REQUEST_TIMEOUT),
            Some(Err(KafkaError::PartitionEOF(_)))
        ))
    }

    fn offsets_list(
        offsets: &[(TopicPartition, i64, String)],
    ) -> Result<TopicPartitionList, Fault> {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (at, offset, metadata) in offsets {
            let mut element = list.add_partition(&at.topic, at.partition);
            element
                .set_offset(Offset::Offset(*offset))
                .map_err(|e| refused(&e))?;
            element.set_metadata(metadata);
        }
        Ok(list)
    }
}

fn not_initialised(error: &KafkaError) -> Fault {
    denied(error, "initialise transactions")
        .unwrap_or_else(|| Fault::Passing(format!("cannot initialise transactions: {error}")))
}

/// A missing right, named with its fix.
fn denied(error: &KafkaError, during: &str) -> Option<Fault> {
    let right = match error.rdkafka_error_code()? {
        RDKafkaErrorCode::TransactionalIdAuthorizationFailed => {
            "Write and Describe on the transactionalId prefix"
        }
        RDKafkaErrorCode::TopicAuthorizationFailed => {
            "Read and Describe on inputs, Write and Describe on outputs"
        }
        RDKafkaErrorCode::GroupAuthorizationFailed => "Read on the group prefix",
        RDKafkaErrorCode::ClusterAuthorizationFailed => "IdempotentWrite on the cluster",
        _ => return None,
    };
    Some(Fault::Fatal(format!(
        "not allowed to {during}: grant {right} ({error})"
    )))
}

fn answers(probe: &BaseConsumer<QuietContext>, brokers: &str) -> Result<(), Fault> {
    let asked = probe.fetch_metadata(None, REQUEST_TIMEOUT);
    asked.map(|_| ()).map_err(|error| {
        Fault::Fatal(format!("no broker answers at {brokers}: check `kafka.brokers` and that the cluster is up ({error})"))
    })
}

/// A fault of polling: most pass by themselves and the client goes on trying.
fn polled(error: &KafkaError) -> Option<Fault> {
    if let Some(fault) = denied(error, "read") {
        return Some(fault);
    }
    match error {
        KafkaError::MessageConsumptionFatal(_) => Some(Fault::Fatal(format!(
            "the consumer cannot continue: {error}"
        ))),
        _ => match error.rdkafka_error_code()? {
            RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange => {
                Some(Fault::Fatal(format!(
                    "a committed offset lies outside its topic's log, so records were deleted before they were read ({error}): \
                 accept the loss with `tidegauge offsets reset --topic TOPIC --to earliest`"
                )))
            }
            _ => None,
        },
    }
}

impl Log for KafkaLog {
    type Original = OwnedMessage;
    type Message<'a> = KafkaMessage<'a>;

    fn poll(&mut self, timeout: Duration) -> Result<LogEvent<KafkaMessage<'_>>, Fault> {
        if let Some(decision) = self.consumer.context().next_decision() {
            return Ok(happening(decision));
        }
        match self.consumer.poll(timeout) {
            Some(Ok(message)) => Ok(LogEvent::Message(message.into())),
            Some(Err(error)) => match polled(&error) {
                Some(fault) => Err(fault),
                None => {
                    tracing::warn!(%error, "cannot read; the client tries again");
                    Ok(LogEvent::Nothing)
                }
            },
            None => Ok(self
                .consumer
                .context()
                .next_decision()
                .map_or(LogEvent::Nothing, happening)),
        }
    }

    fn assign(&mut self, positions: &[(TopicPartition, i64)]) -> Result<(), Fault> {
        self.pause_only(&[])?;
        let mut list = TopicPartitionList::with_capacity(positions.len());
        for (at, offset) in positions {
            list.add_partition_offset(&at.topic, at.partition, Offset::Offset(*offset))
                .map_err(|e| refused(&e))?;
        }
        self.consumer
            .assign(&list)
            .map_err(|error| Fault::Passing(format!("cannot assign partitions: {error}")))
    }

    fn unassign(&mut self) -> Result<(), Fault> {
        self.reading = None;
        self.pause_only(&[])?;
        self.consumer
            .unassign()
            .map_err(|error| Fault::Passing(format!("cannot give up partitions: {error}")))
    }

    /// Touches only what changes: in the library each resumption throws the prefetch away, even of a partition that was not
    /// paused, so that repeated ones would starve all the others.
    fn pause_only(&mut self, wanted: &[TopicPartition]) -> Result<(), Fault> {
        let wanted: BTreeSet<TopicPartition> = wanted.iter().cloned().collect();
        let cannot = |error: KafkaError| {
            Fault::Passing(format!("cannot pause or resume partitions: {error}"))
        };
        let begin = listed(wanted.difference(&self.paused));
        let end = listed(self.paused.difference(&wanted));
        self.consumer.pause(&begin).map_err(cannot)?;
        self.consumer.resume(&end).map_err(cannot)?;
        self.paused = wanted;
        Ok(())
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, Fault> {
        let asked = self
            .consumer
            .committed_offsets(listed(partitions.iter()), COMMITTED_TIMEOUT);
        let answer = asked.map_err(|error| {
            denied(&error, "read committed offsets").unwrap_or_else(|| {
                Fault::Passing(format!(
                    "cannot read committed offsets (a transaction may still be open): {error}"
                ))
            })
        })?;
        partitions
            .iter()
            .map(|at| committed_of(&answer, at))
            .collect()
    }

    /// By the handle that reads uncommitted, for which the broker does not hold the answer back.
    fn glance(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<Committed>>, Fault> {
        let answer = self
            .probe
            .committed_offsets(listed(partitions.iter()), REQUEST_TIMEOUT)
            .map_err(|error| Fault::Passing(format!("cannot read committed offsets: {error}")))?;
        partitions
            .iter()
            .map(|at| committed_of(&answer, at))
            .collect()
    }

    fn partitions(&mut self, topic: &str) -> Result<i32, Fault> {
        let metadata = self.probe.fetch_metadata(Some(topic), REQUEST_TIMEOUT);
        let metadata = metadata.map_err(|error| {
            Fault::Passing(format!("cannot read the metadata of {topic}: {error}"))
        })?;
        let found = metadata.topics().iter().find(|t| t.name() == topic);
        let missing = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        match found.map(|t| (t.error(), t.partitions().len())) {
            Some((None, count)) if count > 0 => Ok(i32::try_from(count).unwrap_or(i32::MAX)),
            Some((Some(error), _)) if error != missing => {
                let code = RDKafkaErrorCode::from(error);
                Err(Fault::Passing(format!(
                    "cannot read the metadata of {topic}: {code}"
                )))
            }
            _ => Err(Fault::Fatal(format!(
                "topic {topic} does not exist: create it, or correct `topics` in the configuration"
            ))),
        }
    }

    fn first_offset(&mut self, at: &TopicPartition, first: FirstStart) -> Result<i64, Fault> {
        let cannot = |error: KafkaError| {
            Fault::Passing(format!("cannot find the first offset of {at}: {error}"))
        };
        let ends = self
            .consumer
            .fetch_watermarks(&at.topic, at.partition, REQUEST_TIMEOUT);
        let (earliest, latest) = ends.map_err(cannot)?;
        let FirstStart::Since(tick) = first else {
            return Ok(if first == FirstStart::Earliest {
                earliest
            } else {
                latest
            });
        };
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&at.topic, at.partition, Offset::Offset(tick.0))
            .map_err(cannot)?;
        let found = self
            .probe
            .offsets_for_times(list, REQUEST_TIMEOUT)
            .map_err(cannot)?;
        let offset = found
            .find_partition(&at.topic, at.partition)
            .map(|element| element.offset());
        Ok(match offset {
            Some(Offset::Offset(offset)) => offset,
            _ => latest,
        })
    }

    fn is_drained(&mut self, at: &TopicPartition, next: i64) -> Result<bool, Fault> {
        let cannot = |error: KafkaError| {
            Fault::Passing(format!("cannot find the end offset of {at}: {error}"))
        };
        let stable = self
            .stable
            .fetch_watermarks(&at.topic, at.partition, REQUEST_TIMEOUT)
            .map_err(cannot)?
            .1;
        let end = self
            .probe
            .fetch_watermarks(&at.topic, at.partition, REQUEST_TIMEOUT)
            .map_err(cannot)?
            .1;
        if stable < end {
            return Ok(false); // an open transaction: its records would be late once it commits
        }
        // The embedded cluster writes no markers.
        let may_be_markers = self.settings.offsets == Offsets::InTransaction;
        Ok(next >= end || (may_be_markers && self.only_markers_follow(at, next)?))
    }

    fn commit(&mut self, batch: Batch<OwnedMessage>) -> Result<(), Fault> {
        let producer = match self.producer.take() {
            Some(producer) => producer,
            None => self.new_producer()?,
        };
        let offsets = Self::offsets_list(&batch.offsets)?;
        // Taken anew for every commit, after the last rebalance that was served: the generation in it is the fence.
        let group = self.consumer.group_metadata();
        let inside = match (self.settings.offsets, &group) {
            (Offsets::InTransaction, Some(group)) => Some((&offsets, group)),
            (Offsets::InTransaction, None) => {
                self.producer = Some(producer);
                return Err(Fault::Passing(
                    "this worker is not a member of the group".to_owned(),
                ));
            }
            (Offsets::Beside, _) => None,
        };
        let letters = DeadLetterTarget {
            topic: &self.dead_letters,
            bytes_max: self.settings.record_bytes_max(),
        };
        match transaction::commit(&producer, batch.records, letters, inside) {
            Ok(aftermath) => {
                self.fenced = 0;
                self.producer = (aftermath == Aftermath::Clean).then_some(producer);
            }
            Err(failure) => return Err(self.undo(producer, &failure)),
        }
        if self.settings.offsets == Offsets::Beside {
            let stored = self.consumer.commit(&offsets, CommitMode::Sync);
            stored.map_err(|error| Fault::Passing(format!("cannot commit offsets: {error}")))?;
        }
        Ok(())
    }

    fn begin_restore(&mut self, topic: &str, partitions: &[i32]) -> Result<(), Fault> {
        self.reading = None;
        if !partitions.is_empty() {
            self.reading = Some(StateReading::begin(
                &self.settings,
                &self.probe,
                topic,
                partitions,
            )?);
        }
        Ok(())
    }

    fn restore(&mut self, take: &mut TakeEntry<'_>) -> Result<bool, Fault> {
        let done = self
            .reading
            .as_mut()
            .map_or(Ok(true), |reading| reading.advance(take))?;
        if done {
            self.reading = None;
        }
        Ok(done)
    }

    fn close(&mut self) {
        // From here on the callback answers by itself: nobody is left to flush for.
        self.consumer.context().give_way();
        let _nothing_held = self.consumer.unassign(); // the answer to whatever was decided and not answered yet
        self.consumer.unsubscribe();
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        let held = |consumer: &BaseConsumer<GroupContext>| {
            consumer.assignment().is_ok_and(|held| held.count() > 0)
        };
        while held(&self.consumer) && Instant::now() < deadline {
            let _polled = self.consumer.poll(Duration::from_millis(20));
        }
    }
}

/// However a worker ends: an unanswered decision of the group would make the library wait for ever.
impl Drop for KafkaLog {
    fn drop(&mut self) {
        self.close();
    }
}

fn listed<'a>(partitions: impl Iterator<Item = &'a TopicPartition>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    partitions.for_each(|at| {
        list.add_partition(&at.topic, at.partition);
    });
    list
}

fn happening<M>(decision: Decision) -> LogEvent<M> {
    match decision {
        Decision::Assigned(partitions) => LogEvent::Assigned(partitions),
        Decision::Revoked => LogEvent::Revoked,
        Decision::Lost => LogEvent::Lost,
    }
}

fn committed_of(
    answer: &TopicPartitionList,
    at: &TopicPartition,
) -> Result<Option<Committed>, Fault> {
    let Some(element) = answer.find_partition(&at.topic, at.partition) else {
        return Ok(None);
    };
    element.error().map_err(|error| {
        Fault::Passing(format!("cannot read the committed offset of {at}: {error}"))
    })?;
    let Offset::Offset(offset) = element.offset() else {
        return Ok(None);
    };
    // Somebody else's metadata need not be UTF-8, and the library insists.
    let metadata = guarded(|| element.metadata().to_owned()).filter(|text| !text.is_empty());
    Ok(Some(Committed { offset, metadata }))
}

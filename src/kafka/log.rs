//! Log port on Kafka: the consumer of a group, with a transactional writer and readers that join no group.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::OwnedMessage;
use rdkafka::{Offset, TopicPartitionList};

use super::context::{Decision, GroupContext};
use super::faults::polled;
use super::leave::leave;
use super::lookup::Lookup;
use super::message::KafkaMessage;
use super::offsets::{committed_of, listed, with_metadata};
use super::outage::is_outage;
use super::read_ahead::only_markers_follow;
use super::refusal::refused;
use super::restore::StateReading;
use super::rights::{Principal, Right};
use super::settings::{ClientSettings, Offsets};
use super::transaction::TransactionTimes;
use super::unreadable::unreadable;
use super::writer::Writer;
use crate::event::Tick;
use crate::runtime::{
    Activity, Batch, Committed, Fault, FirstStart, Heartbeat, Log, LogEvent, LogExtent, TakeEntry,
    TopicPartition,
};

/// Maximum time that one request for committed offsets waits for open transactions. Then the worker polls, checks whether
/// it must stop, and asks again.
const COMMITTED_TIMEOUT: Duration = Duration::from_secs(2);

/// Log port on Kafka.
pub struct KafkaLog {
    settings: ClientSettings,
    consumer: BaseConsumer<GroupContext>,
    lookup: Lookup,
    writer: Writer,
    reading: Option<StateReading>,
    paused: BTreeSet<TopicPartition>,
    /// Topics that the group reads.
    topics: Vec<String>,
    dead_letters: String,
    heartbeat: Heartbeat,
}

impl KafkaLog {
    /// Joins the group on `topics`. Dead letters go to the topic `dead_letters`. The log beats before each call of the
    /// client that may take seconds.
    ///
    /// # Errors
    /// When a property is unknown. No broker has to answer yet.
    pub fn connect(
        settings: ClientSettings,
        topics: &[&str],
        dead_letters: &str,
        heartbeat: &Heartbeat,
    ) -> Result<Self, Fault> {
        heartbeat.beat(Activity::Connecting);
        let lookup = Lookup::create(&settings, heartbeat)?;
        let consumer = joined(&settings, topics)?;
        Ok(Self {
            settings,
            consumer,
            lookup,
            writer: Writer::new(dead_letters, heartbeat),
            reading: None,
            paused: BTreeSet::new(),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            dead_letters: dead_letters.to_owned(),
            heartbeat: heartbeat.clone(),
        })
    }

    /// Fault of an error while polling; `None` if the client retries by itself.
    fn polled(&self, error: &KafkaError) -> Option<Fault> {
        let is_denied =
            error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed);
        let topic = is_denied.then(|| unreadable(&self.settings, &self.topics));
        let right = topic.flatten().map(Right::ReadTopic);
        let denied = Principal::of(&self.settings).denied(error, right);
        denied.or_else(|| polled(error))
    }
}

/// Consumer that joins the group on `topics`.
fn joined(settings: &ClientSettings, topics: &[&str]) -> Result<BaseConsumer<GroupContext>, Fault> {
    let consumer =
        BaseConsumer::from_config_and_context(&settings.consumer(), GroupContext::default())
            .map_err(|e| refused(&e))?;
    consumer.subscribe(topics).map_err(|e| refused(&e))?;
    Ok(consumer)
}

impl Log for KafkaLog {
    type Original = OwnedMessage;
    type Message<'a> = KafkaMessage<'a>;

    fn poll(&mut self, timeout: Duration) -> Result<LogEvent<KafkaMessage<'_>>, Fault> {
        if let Some(decision) = self.consumer.context().next_decision() {
            return Ok(event_of(decision));
        }
        match self.consumer.poll(timeout) {
            Some(Ok(message)) => Ok(LogEvent::Message(message.into())),
            Some(Err(error)) => match self.polled(&error) {
                Some(fault) => Err(fault),
                None if is_outage(&error) => Ok(LogEvent::Nothing), // `OutageWatch` says so
                None => {
                    tracing::warn!(%error, "cannot read; the client tries again");
                    Ok(LogEvent::Nothing)
                }
            },
            None => Ok(self
                .consumer
                .context()
                .next_decision()
                .map_or(LogEvent::Nothing, event_of)),
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

    /// Pauses and resumes only partitions that change. Each resumption in the library drops prefetched records, even if the
    /// partition was not paused, so repeated resumptions would starve the other partitions.
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
            let denied = Principal::of(&self.settings).denied(&error, None);
            denied.unwrap_or_else(|| {
                Fault::Passing(format!(
                    "cannot read committed offsets (a transaction may still be open): {error}"
                ))
            })
        })?;
        committed_of(&answer, partitions, &Principal::of(&self.settings))
    }

    fn glance(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<Committed>>, Fault> {
        self.lookup.committed(partitions)
    }

    fn partitions(&mut self, topic: &str) -> Result<i32, Fault> {
        self.lookup.partitions(topic)?.ok_or_else(|| {
            Fault::Fatal(format!(
                "topic {topic} does not exist on {}: create it, or correct `topics` in the configuration",
                self.settings.brokers
            ))
        })
    }

    fn first_offset(&mut self, at: &TopicPartition, first: FirstStart) -> Result<i64, Fault> {
        self.lookup.first_offset(at, first)
    }

    fn extents(&mut self, partitions: &[TopicPartition]) -> Result<Vec<LogExtent>, Fault> {
        self.lookup.extents(partitions)
    }

    fn have_records_since(
        &mut self,
        partitions: &[TopicPartition],
        since: Tick,
    ) -> Result<Vec<bool>, Fault> {
        self.lookup.have_records_since(partitions, since)
    }

    fn only_markers_follow(
        &mut self,
        positions: &[(TopicPartition, i64)],
    ) -> Result<Vec<bool>, Fault> {
        match self.settings.offsets {
            Offsets::InTransaction => only_markers_follow(&self.settings, positions),
            Offsets::Beside => Ok(vec![false; positions.len()]), // the embedded cluster writes no markers
        }
    }

    fn commit(&mut self, batch: Batch<OwnedMessage>, within: Duration) -> Result<(), Fault> {
        let times = TransactionTimes::within(within);
        self.writer.prepare(&self.settings, times)?;
        let offsets = with_metadata(&batch.offsets)?;
        // Read again for every commit, after the last rebalance that was handled: its generation is the fence.
        let group = self.consumer.group_metadata();
        let inside = match (self.settings.offsets, &group) {
            (Offsets::InTransaction, Some(group)) => Some((&offsets, group)),
            (Offsets::InTransaction, None) => {
                return Err(Fault::Passing(
                    "this worker is not a member of the group".to_owned(),
                ));
            }
            (Offsets::Beside, _) => None,
        };
        self.writer
            .commit(&self.settings, times, batch.records, inside)?;
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
                &self.lookup,
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
            .map_or(Ok(true), |reading| reading.advance(&self.lookup, take))?;
        if done {
            self.reading = None;
        }
        Ok(done)
    }

    fn brokers_answer(&mut self) -> bool {
        let client = Lookup::create(&self.settings, &self.heartbeat);
        client.is_ok_and(|client| client.brokers().is_ok())
    }

    fn renew(&mut self) -> Result<(), Fault> {
        self.reading = None;
        self.paused.clear();
        self.lookup = Lookup::create(&self.settings, &self.heartbeat)?;
        self.writer = Writer::new(&self.dead_letters, &self.heartbeat);
        leave(&self.consumer);
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        self.consumer = joined(&self.settings, &topics)?;
        Ok(())
    }

    fn close(&mut self) {
        leave(&self.consumer);
    }
}

/// Closes the log however a worker ends. The library would wait for ever for the answer to a decision of the group.
impl Drop for KafkaLog {
    fn drop(&mut self) {
        self.close();
    }
}

fn event_of<M>(decision: Decision) -> LogEvent<M> {
    match decision {
        Decision::Assigned(partitions) => LogEvent::Assigned(partitions),
        Decision::Revoked => LogEvent::Revoked,
        Decision::Lost => LogEvent::Lost,
    }
}

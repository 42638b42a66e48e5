//! Reader of the state topic up to its true end, by a consumer without a group.
//!
//! First, a handle that reads uncommitted finds the true end. Then the reader waits until no transaction below that end is
//! open. Then it reads committed records to the end of the partition. Any other order can pair old state with a newer
//! offset.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::context::QuietContext;
use super::lookup::Lookup;
use super::outage::is_outage;
use super::query::REQUEST_TIMEOUT;
use super::rights::{Principal, Right};
use super::settings::ClientSettings;
use crate::runtime::{Fault, Heartbeat, TakeEntry};

/// Time that one call reads before the group's consumer polls again.
const SLICE: Duration = Duration::from_millis(100);
/// Maximum time without a record after which a failed connection counts as an outage.
const SILENCE_MAX: Duration = REQUEST_TIMEOUT;
/// Maximum time that the broker takes to notice an abandoned transaction: it looks every ten seconds.
const ABORT_DELAY: Duration = Duration::from_secs(10);
/// Pause between two checks of an open transaction.
const OPEN_PAUSE: Duration = Duration::from_millis(100);

/// Restore in progress.
pub struct StateReading {
    consumer: BaseConsumer<QuietContext>,
    principal: Principal,
    topic: String,
    /// Partitions with their true ends, as long as transactions below the ends are open.
    undecided: Vec<(i32, i64)>,
    decided_by: Instant,
    unfinished: BTreeSet<i32>,
    /// Time of the last record or end of a partition.
    heard_at: Instant,
}

impl StateReading {
    /// Reads the true ends of the partitions.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub fn begin(
        settings: &ClientSettings,
        lookup: &Lookup,
        topic: &str,
        partitions: &[i32],
    ) -> Result<Self, Fault> {
        let undecided = lookup.ends(topic, partitions)?;
        let consumer = BaseConsumer::from_config_and_context(
            &settings.state_reader(),
            QuietContext::default(),
        )
        .map_err(|error| passing(topic, &error))?;
        Ok(Self {
            consumer,
            principal: Principal::of(settings),
            topic: topic.to_owned(),
            undecided,
            decided_by: Instant::now() + settings.transaction_timeout + ABORT_DELAY,
            unfinished: partitions.iter().copied().collect(),
            heard_at: Instant::now(),
        })
    }

    /// Checks once whether a transaction below the true ends is still open, and starts to read if none is. It does not wait
    /// longer: the transaction of a killed process stays open for seconds, and the group's consumer must poll meanwhile.
    fn await_decided(&mut self, lookup: &Lookup) -> Result<bool, Fault> {
        let open: Vec<i32> = self
            .undecided
            .iter()
            .map(|(partition, _)| *partition)
            .collect();
        let stable = lookup.stable_ends(&self.topic, &open)?;
        let ends = std::mem::take(&mut self.undecided).into_iter().zip(stable);
        let open = ends.filter(|((_, end), (_, stable))| stable < end);
        self.undecided = open.map(|(undecided, _)| undecided).collect();
        match self.undecided.first() {
            None => self.start_reading().map(|()| true),
            Some((partition, _)) if Instant::now() > self.decided_by => Err(Fault::Passing(
                format!("a transaction on {}[{partition}] is still open", self.topic),
            )),
            Some(_) => {
                std::thread::sleep(OPEN_PAUSE);
                Ok(false)
            }
        }
    }

    fn start_reading(&mut self) -> Result<(), Fault> {
        let mut list = TopicPartitionList::new();
        for partition in &self.unfinished {
            list.add_partition_offset(&self.topic, *partition, Offset::Beginning)
                .map_err(|error| passing(&self.topic, &error))?;
        }
        self.heard_at = Instant::now();
        self.consumer
            .assign(&list)
            .map_err(|error| passing(&self.topic, &error))
    }

    /// Reads for a short time. Returns true once every partition is read to its end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn advance(&mut self, lookup: &Lookup, take: &mut TakeEntry<'_>) -> Result<bool, Fault> {
        let is_reading = self
            .consumer
            .assignment()
            .is_ok_and(|held| held.count() > 0);
        if !is_reading && !self.await_decided(lookup)? {
            return Ok(false);
        }
        let until = Instant::now() + SLICE;
        while !self.unfinished.is_empty() && Instant::now() < until {
            match self.consumer.poll(SLICE) {
                Some(Ok(message)) => {
                    self.heard_at = Instant::now();
                    take(
                        message.partition(),
                        message.key().unwrap_or_default(),
                        message.payload(),
                    );
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.heard_at = Instant::now();
                    self.unfinished.remove(&partition);
                }
                Some(Err(error)) if is_outage(&error) && self.heard_at.elapsed() < SILENCE_MAX => {
                    // One broker of several is down; the client reads from the others.
                }
                Some(Err(error)) => return Err(self.fault(&error)),
                None => {}
            }
        }
        Ok(self.unfinished.is_empty())
    }

    fn fault(&self, error: &KafkaError) -> Fault {
        let right = Right::ReadTopic(self.topic.clone());
        let denied = self.principal.denied(error, Some(right));
        denied.unwrap_or_else(|| passing(&self.topic, error))
    }
}

fn passing(topic: &str, error: &KafkaError) -> Fault {
    Fault::Passing(format!("cannot read {topic}: {error}"))
}

/// Reads the values of all committed records of a small topic.
///
/// # Errors
/// When the topic does not exist or the cluster does not answer.
pub fn read_all(settings: &ClientSettings, topic: &str) -> Result<Vec<Vec<u8>>, Fault> {
    let lookup = Lookup::create(settings, &Heartbeat::default())?;
    let count = lookup.partitions(topic)?.ok_or_else(|| {
        Fault::Fatal(format!(
            "topic {topic} does not exist on {}: nothing has been published yet",
            settings.brokers
        ))
    })?;
    let partitions: Vec<i32> = (0..count).collect();
    let mut reading = StateReading::begin(settings, &lookup, topic, &partitions)?;
    let mut values = Vec::new();
    let mut keep =
        |_: i32, _: &[u8], value: Option<&[u8]>| values.extend(value.map(<[u8]>::to_vec));
    while !reading.advance(&lookup, &mut keep)? {}
    Ok(values)
}

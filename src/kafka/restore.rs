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
use super::refusal::refused;
use super::settings::ClientSettings;
use crate::runtime::{Fault, TakeEntry};

/// Maximum time of a request to the cluster.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that one call reads before the group's consumer polls again.
const SLICE: Duration = Duration::from_millis(100);
/// Pause between two checks of an open transaction.
const OPEN_PAUSE: Duration = Duration::from_millis(100);

/// Restore in progress.
pub struct StateReading {
    consumer: BaseConsumer<QuietContext>,
    topic: String,
    /// Partitions with their true ends, as long as transactions below the ends are open.
    undecided: Vec<(i32, i64)>,
    decided_by: Instant,
    unfinished: BTreeSet<i32>,
}

impl StateReading {
    /// Reads the true ends of the partitions.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub fn begin(
        settings: &ClientSettings,
        probe: &BaseConsumer<QuietContext>,
        topic: &str,
        partitions: &[i32],
    ) -> Result<Self, Fault> {
        let consumer =
            BaseConsumer::from_config_and_context(&settings.state_reader(), QuietContext)
                .map_err(|error| passing(topic, &error))?;
        let end = |partition: &i32| {
            let ends = probe.fetch_watermarks(topic, *partition, REQUEST_TIMEOUT);
            Ok((*partition, ends.map_err(|error| passing(topic, &error))?.1))
        };
        Ok(Self {
            consumer,
            topic: topic.to_owned(),
            undecided: partitions.iter().map(end).collect::<Result<_, Fault>>()?,
            decided_by: Instant::now() + settings.transaction_timeout + REQUEST_TIMEOUT,
            unfinished: partitions.iter().copied().collect(),
        })
    }

    /// Checks once whether a transaction below the true ends is still open, and starts to read if none is. It does not wait
    /// longer: the transaction of a killed process stays open for seconds, and the group's consumer must poll meanwhile.
    fn await_decided(&mut self) -> Result<bool, Fault> {
        let mut open = Vec::new();
        for (partition, end) in std::mem::take(&mut self.undecided) {
            let ends = self
                .consumer
                .fetch_watermarks(&self.topic, partition, REQUEST_TIMEOUT);
            if ends.map_err(|error| passing(&self.topic, &error))?.1 < end {
                open.push((partition, end));
            }
        }
        self.undecided = open;
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
        self.consumer
            .assign(&list)
            .map_err(|error| passing(&self.topic, &error))
    }

    /// Reads for a short time. Returns true once every partition is read to its end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn advance(&mut self, take: &mut TakeEntry<'_>) -> Result<bool, Fault> {
        let is_reading = self
            .consumer
            .assignment()
            .is_ok_and(|held| held.count() > 0);
        if !is_reading && !self.await_decided()? {
            return Ok(false);
        }
        let until = Instant::now() + SLICE;
        while !self.unfinished.is_empty() && Instant::now() < until {
            match self.consumer.poll(SLICE) {
                Some(Ok(message)) => take(
                    message.partition(),
                    message.key().unwrap_or_default(),
                    message.payload(),
                ),
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.unfinished.remove(&partition);
                }
                Some(Err(error)) => {
                    return Err(Fault::Passing(format!(
                        "cannot read the state topic: {error}"
                    )));
                }
                None => {}
            }
        }
        Ok(self.unfinished.is_empty())
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
    let cannot = |error: KafkaError| Fault::Fatal(format!("cannot read {topic}: {error}"));
    let probe = BaseConsumer::from_config_and_context(&settings.probe(), QuietContext)
        .map_err(|error| refused(&error))?;
    let metadata = probe
        .fetch_metadata(Some(topic), REQUEST_TIMEOUT)
        .map_err(cannot)?;
    let count = metadata
        .topics()
        .first()
        .map_or(0, |t| t.partitions().len());
    if count == 0 {
        return Err(Fault::Fatal(format!(
            "topic {topic} does not exist: no reference has been published yet"
        )));
    }
    let partitions: Vec<i32> = (0..i32::try_from(count).unwrap_or(i32::MAX)).collect();
    let mut reading = StateReading::begin(settings, &probe, topic, &partitions)?;
    let mut values = Vec::new();
    while !reading.advance(&mut |_, _, value| values.extend(value.map(<[u8]>::to_vec)))? {}
    Ok(values)
}

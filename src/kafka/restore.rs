//! Reading the state topic to its true end, by a consumer without a group.
//!
//! First the true end, seen by a handle that reads uncommitted; then waiting until everything up to there is decided;
//! then reading what is committed until the end of the partition. Another order can pair old state with a newer offset.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::context::QuietContext;
use super::settings::Settings;
use crate::runtime::Fault;

/// How long a request for the ends of a log may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one call reads before it lets the group's consumer poll.
const SLICE: Duration = Duration::from_millis(100);
/// Pause between two looks at a transaction that is still open.
const OPEN_PAUSE: Duration = Duration::from_millis(100);

/// A restore on its way.
pub struct StateReading {
    consumer: BaseConsumer<QuietContext>,
    unfinished: BTreeSet<i32>,
}

impl StateReading {
    /// Waits until everything written so far is decided, then starts at the beginning.
    ///
    /// # Errors
    /// When the cluster does not answer, or a transaction stays open beyond its timeout.
    pub fn begin(
        settings: &Settings,
        probe: &BaseConsumer<QuietContext>,
        topic: &str,
        partitions: &[i32],
    ) -> Result<Self, Fault> {
        let passing = |error: KafkaError| Fault::Passing(format!("cannot read {topic}: {error}"));
        let consumer =
            BaseConsumer::from_config_and_context(&settings.state_reader(), QuietContext)
                .map_err(passing)?;
        let mut list = TopicPartitionList::new();
        let deadline = Instant::now() + settings.transaction_timeout + REQUEST_TIMEOUT;
        for partition in partitions {
            let (_, end) = probe
                .fetch_watermarks(topic, *partition, REQUEST_TIMEOUT)
                .map_err(passing)?;
            while consumer
                .fetch_watermarks(topic, *partition, REQUEST_TIMEOUT)
                .map_err(passing)?
                .1
                < end
            {
                if Instant::now() > deadline {
                    return Err(Fault::Passing(format!(
                        "a transaction on {topic}[{partition}] stays open"
                    )));
                }
                std::thread::sleep(OPEN_PAUSE);
            }
            list.add_partition_offset(topic, *partition, Offset::Beginning)
                .map_err(passing)?;
        }
        consumer.assign(&list).map_err(passing)?;
        Ok(Self {
            consumer,
            unfinished: partitions.iter().copied().collect(),
        })
    }

    /// Reads for a moment; answers whether every partition has come to its end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn advance(
        &mut self,
        take: &mut dyn FnMut(i32, &[u8], Option<&[u8]>),
    ) -> Result<bool, Fault> {
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
                    return Err(Fault::Passing(format!("reading the state failed: {error}")));
                }
                None => {}
            }
        }
        Ok(self.unfinished.is_empty())
    }
}

/// The values of every committed record of a small topic.
///
/// # Errors
/// When the topic does not exist or the cluster does not answer.
pub fn read_all(settings: &Settings, topic: &str) -> Result<Vec<Vec<u8>>, Fault> {
    let cannot = |error: KafkaError| Fault::Fatal(format!("cannot read {topic}: {error}"));
    let probe =
        BaseConsumer::from_config_and_context(&settings.probe(), QuietContext).map_err(cannot)?;
    let metadata = probe
        .fetch_metadata(Some(topic), REQUEST_TIMEOUT)
        .map_err(cannot)?;
    let count = metadata
        .topics()
        .first()
        .map_or(0, |t| t.partitions().len());
    if count == 0 {
        return Err(Fault::Fatal(format!(
            "topic {topic} does not exist: nothing was learned there yet"
        )));
    }
    let partitions: Vec<i32> = (0..i32::try_from(count).unwrap_or(i32::MAX)).collect();
    let mut reading = StateReading::begin(settings, &probe, topic, &partitions)?;
    let mut values = Vec::new();
    while !reading.advance(&mut |_, _, value| values.extend(value.map(<[u8]>::to_vec)))? {}
    Ok(values)
}

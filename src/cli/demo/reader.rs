//! Reads the alert topics back, as any subscriber would.

use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::record::AlertRecord;
use crate::cli::Error;

/// Records taken in one go.
const BATCH_MAX: usize = 1_000;

/// A subscriber to the alert topics.
pub(super) struct AlertReader {
    consumer: BaseConsumer,
    records: Vec<AlertRecord>,
}

impl AlertReader {
    /// A subscriber from the first alert on.
    ///
    /// # Errors
    /// When the client refuses.
    pub(super) fn open(bootstrap: &str, topics: &[&str]) -> Result<Self, Error> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap)
            .set("group.id", "demo.alerts")
            .set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.create().map_err(Error::failed)?;
        let mut list = TopicPartitionList::new();
        for topic in topics {
            list.add_partition_offset(topic, 0, Offset::Beginning)
                .map_err(Error::failed)?;
        }
        consumer.assign(&list).map_err(Error::failed)?;
        Ok(Self {
            consumer,
            records: Vec::new(),
        })
    }

    /// Takes what has come since the last call.
    pub(super) fn read_new(&mut self) {
        for _ in 0..BATCH_MAX {
            let Some(Ok(message)) = self.consumer.poll(Duration::ZERO) else {
                return;
            };
            // What is no alert record cannot be in a topic of ours; were it there, the reckoning would miss it.
            self.records.extend(
                message
                    .payload()
                    .and_then(|value| AlertRecord::read(value).ok()),
            );
        }
    }

    /// Everything read so far; in order within a topic.
    pub(super) fn records(&self) -> &[AlertRecord] {
        &self.records
    }
}

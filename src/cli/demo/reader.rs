//! Reads the alert topics and the reports back, as any subscriber would.

use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::record::PublishedAlert;
use super::report::Reports;
use crate::cli::Error;

/// Records taken in one go.
const BATCH_MAX: usize = 1_000;

/// A subscriber to the alert topics and the reports.
pub(super) struct AlertReader {
    consumer: BaseConsumer,
    reports_topic: String,
    records: Vec<PublishedAlert>,
    reports: Reports,
    taken: u64,
}

impl AlertReader {
    /// A subscriber from the first record on.
    ///
    /// # Errors
    /// When the client refuses.
    pub(super) fn open(bootstrap: &str, alerts: &[&str], reports: &str) -> Result<Self, Error> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap)
            .set("group.id", "demo.alerts")
            .set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.create().map_err(Error::failed)?;
        let mut list = TopicPartitionList::new();
        for topic in alerts.iter().chain([&reports]) {
            list.add_partition_offset(topic, 0, Offset::Beginning)
                .map_err(Error::failed)?;
        }
        consumer.assign(&list).map_err(Error::failed)?;
        Ok(Self {
            consumer,
            reports_topic: reports.to_owned(),
            records: Vec::new(),
            reports: Reports::default(),
            taken: 0,
        })
    }

    /// Takes what has come since the last call.
    pub(super) fn read_new(&mut self) {
        for _ in 0..BATCH_MAX {
            let Some(Ok(message)) = self.consumer.poll(Duration::ZERO) else {
                return;
            };
            self.taken += 1;
            let Some(value) = message.payload() else {
                continue;
            };
            if message.topic() == self.reports_topic {
                self.reports.take(value);
            } else {
                // What is no alert record cannot be in a topic of ours; were it there, the reckoning would miss it.
                self.records.extend(PublishedAlert::read(value).ok());
            }
        }
    }

    /// Records taken so far, of whatever kind.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// What the reports have said so far.
    pub(super) fn reports(&self) -> &Reports {
        &self.reports
    }

    /// All alerts read so far; in order within a topic.
    pub(super) fn records(&self) -> &[PublishedAlert] {
        &self.records
    }
}

//! Consumer that reads alerts and reports back, as any subscriber would.

use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::record::PublishedAlert;
use super::report::Reports;
use crate::cli::Error;

/// Maximum number of records per call.
const BATCH_MAX: usize = 1_000;

/// Consumer of the alert topics and the reports topic.
pub(super) struct AlertReader {
    consumer: BaseConsumer,
    reports_topic: String,
    records: Vec<PublishedAlert>,
    reports: Reports,
    taken: u64,
}

impl AlertReader {
    /// Opens a consumer at the first record.
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

    /// Reads the records that came since the last call.
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
                // Only alert records are in these topics. The score would show a record that is lost here.
                self.records.extend(PublishedAlert::read(value).ok());
            }
        }
    }

    /// Number of records read so far, of all kinds.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Quality reports read so far.
    pub(super) fn reports(&self) -> &Reports {
        &self.reports
    }

    /// Alerts read so far, in order within a topic.
    pub(super) fn records(&self) -> &[PublishedAlert] {
        &self.records
    }
}

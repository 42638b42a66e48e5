//! Watches whether brokers answer.

use std::time::{Duration, Instant};

use super::query::QueryClient;
use super::settings::ClientSettings;
use crate::runtime::{Fault, Heartbeat};

/// What the brokers did since the last look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerState {
    /// They answer, as before.
    Answer,
    /// They answer again.
    AnswerAgain {
        /// Time since the first question that nobody answered.
        outage: Duration,
    },
    /// None answers, or they refuse the connection.
    Silent {
        /// Time since the first question that nobody answered.
        outage: Duration,
        /// Addresses, and the reason of the client library.
        why: String,
    },
}

/// Client that asks the brokers for one topic, and what it knows of an outage.
pub struct OutageWatch {
    client: QueryClient,
    topic: String,
    since: Option<Instant>,
}

impl OutageWatch {
    /// A watch that asks for `topic`. One topic makes a small answer.
    ///
    /// # Errors
    /// When the library refuses a property.
    pub fn new(settings: &ClientSettings, topic: &str) -> Result<Self, Fault> {
        let heartbeat = Heartbeat::default();
        Ok(Self {
            client: QueryClient::create(&settings.probe(), settings, &heartbeat)?,
            topic: topic.to_owned(),
            since: None,
        })
    }

    /// Asks once. Takes some seconds if no broker answers.
    pub fn look(&mut self) -> BrokerState {
        match self.client.metadata(Some(&self.topic)) {
            Ok(_) => match self.since.take() {
                None => BrokerState::Answer,
                Some(since) => BrokerState::AnswerAgain {
                    outage: since.elapsed(),
                },
            },
            Err(fault) => BrokerState::Silent {
                outage: self.since.get_or_insert_with(Instant::now).elapsed(),
                why: fault.to_string(),
            },
        }
    }
}

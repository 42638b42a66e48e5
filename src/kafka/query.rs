//! Client that asks the cluster and joins no group. Each question has a time limit.

use std::time::{Duration, Instant};

use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::{Metadata, MetadataTopic};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::connection::Refusal;
use super::context::QuietContext;
use super::offsets::{committed_of, listed};
use super::outage::{is_outage, is_refusal};
use super::refusal::refused;
use super::rights::{Principal, Right};
use super::settings::ClientSettings;
use crate::runtime::{Activity, Committed, Fault, Heartbeat, TopicPartition};

/// Maximum time of one request. A worker asks between two polls, so it must be far below the time after which its group or
/// a supervisor takes the worker for dead.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum time of one attempt to learn offsets; there are two.
const OFFSETS_TIMEOUT: Duration = Duration::from_secs(3);
/// Maximum time to read the leaders again between the two attempts.
const LEADERS_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum time that a topic which was created a moment ago takes to be known to the broker that is asked.
const NEW_TOPIC_TIMEOUT: Duration = Duration::from_secs(3);
/// Pause between two questions for a new topic.
const NEW_TOPIC_PAUSE: Duration = Duration::from_millis(200);
/// Time that a failed request waits for the library to say why it failed.
const REASON_WAIT: Duration = Duration::from_millis(20);
/// Maximum reports of the library that are read after one failed request.
const REASONS_MAX: usize = 64;

/// Client that asks the cluster and joins no group.
pub struct QueryClient {
    consumer: BaseConsumer<QuietContext>,
    principal: Principal,
    heartbeat: Heartbeat,
}

impl QueryClient {
    /// Creates the client. It connects when it is first asked. It beats before and after each request.
    ///
    /// # Errors
    /// When the library refuses a property.
    pub fn create(
        config: &ClientConfig,
        settings: &ClientSettings,
        heartbeat: &Heartbeat,
    ) -> Result<Self, Fault> {
        // The library reports a connection that was closed at once, for example by a listener with another protocol, at
        // the level of information.
        let mut config = config.clone();
        config.set_log_level(RDKafkaLogLevel::Info);
        let consumer = BaseConsumer::from_config_and_context(&config, QuietContext::default())
            .map_err(|error| refused(&error))?;
        Ok(Self {
            consumer,
            principal: Principal::of(settings),
            heartbeat: heartbeat.clone(),
        })
    }

    /// Sends one request.
    fn ask<T>(&self, request: impl FnOnce(&BaseConsumer<QuietContext>) -> T) -> T {
        self.heartbeat.beat(Activity::Asking);
        let answer = request(&self.consumer);
        self.heartbeat.beat(Activity::Asking);
        answer
    }

    /// Metadata of `topic`, or of all topics.
    ///
    /// # Errors
    /// When no broker answers.
    pub fn metadata(&self, topic: Option<&str>) -> Result<Metadata, Fault> {
        self.ask(|client| client.fetch_metadata(topic, REQUEST_TIMEOUT))
            .map_err(|error| self.fault(&error, "read metadata", None))
    }

    /// Checks that the principal may see `topic`. Brokers do not list a topic on which it has no right.
    ///
    /// # Errors
    /// `right`, if the principal has none on the topic. When no broker answers.
    pub fn check_visible(&self, topic: &str, right: &Right) -> Result<(), Fault> {
        let metadata = self.metadata(Some(topic))?;
        let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        let found = metadata.topics().iter().find(|t| t.name() == topic);
        match found.and_then(MetadataTopic::error) {
            Some(error) if error == denied => Err(self.principal.lacks(right)),
            _ => Ok(()),
        }
    }

    /// Number of partitions of `topic`; `None` if it does not exist. Waits a few seconds before it says so: the topic may have
    /// been created a moment ago.
    ///
    /// # Errors
    /// When no broker answers.
    pub fn partitions(&self, topic: &str) -> Result<Option<i32>, Fault> {
        soon(|| self.known_partitions(topic))
    }

    /// Number of partitions of `topic`; `None` if the broker does not know it.
    fn known_partitions(&self, topic: &str) -> Result<Option<i32>, Fault> {
        let metadata = self.metadata(Some(topic))?;
        let found = metadata.topics().iter().find(|t| t.name() == topic);
        let missing = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        match found.map(|t| (t.error(), t.partitions().len())) {
            Some((None, count)) if count > 0 => Ok(i32::try_from(count).ok()),
            Some((Some(error), _)) if error != missing => {
                let error = KafkaError::MetadataFetch(RDKafkaErrorCode::from(error));
                Err(self.fault(
                    &error,
                    &format!("read the metadata of {topic}"),
                    Some(topic),
                ))
            }
            _ => Ok(None),
        }
    }

    /// Offset of each of these partitions: its first one, its end, or the first one at or after a time in milliseconds;
    /// `None` if there is no record at or after that time.
    ///
    /// The library keeps the leaders of a topic for a quarter of an hour. If a leader is gone, the library answers "unknown
    /// partition" from memory, and asks nobody. So after a failure the leaders are read again.
    ///
    /// # Errors
    /// When the leaders do not answer.
    pub fn offsets(&self, topic: &str, asked: &[(i32, Offset)]) -> Result<Vec<Option<i64>>, Fault> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        self.offsets_once(topic, asked)
            .or_else(|_| {
                self.ask(|client| client.fetch_metadata(Some(topic), LEADERS_TIMEOUT))?;
                self.offsets_once(topic, asked)
            })
            .map_err(|error| {
                self.fault(&error, &format!("read the offsets of {topic}"), Some(topic))
            })
    }

    fn offsets_once(
        &self,
        topic: &str,
        asked: &[(i32, Offset)],
    ) -> Result<Vec<Option<i64>>, KafkaError> {
        let mut list = TopicPartitionList::with_capacity(asked.len());
        for (partition, offset) in asked {
            list.add_partition_offset(topic, *partition, *offset)?;
        }
        let answer = self.ask(|client| client.offsets_for_times(list, OFFSETS_TIMEOUT))?;
        let answered = |(partition, _): &(i32, Offset)| {
            let Some(element) = answer.find_partition(topic, *partition) else {
                return Err(KafkaError::MetadataFetch(
                    RDKafkaErrorCode::UnknownPartition,
                ));
            };
            element.error()?;
            Ok(match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            })
        };
        asked.iter().map(answered).collect()
    }

    /// Committed offsets of the group of this client.
    ///
    /// # Errors
    /// When the coordinator of the group does not answer.
    pub fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, Fault> {
        let list = listed(partitions.iter());
        let answer = self
            .ask(|client| client.committed_offsets(list, REQUEST_TIMEOUT))
            .map_err(|error| self.fault(&error, "read committed offsets", None))?;
        committed_of(&answer, partitions, &self.principal)
    }

    /// Fault of a failed request, on `topic` if it was about one. A refused login and a missing right end the process;
    /// everything else may pass.
    fn fault(&self, error: &KafkaError, what: &str, topic: Option<&str>) -> Fault {
        let reason = self.reason();
        let brokers = &self.principal.brokers;
        if is_outage(error) || is_refusal(error) {
            return match self.consumer.context().take_refusal() {
                Some((refusal, line)) => refused_at(brokers, refusal, &line),
                None => unreachable_at(brokers, reason.map(|(_, why)| why), error),
            };
        }
        let right = topic.map(|topic| Right::ReadTopic(topic.to_owned()));
        self.principal
            .denied(error, right)
            .unwrap_or_else(|| Fault::Passing(format!("cannot {what}: {error}")))
    }

    /// Last error of the connection that the library reported, and its text. The library reports it only when it is polled.
    fn reason(&self) -> Option<(KafkaError, String)> {
        for _ in 0..REASONS_MAX {
            if self.consumer.poll(REASON_WAIT).is_none() {
                break;
            }
        }
        self.consumer.context().take_reason()
    }
}

/// Asks again for a few seconds while the answer is `None`: a topic that was created a moment ago is not known to every broker.
///
/// # Errors
/// When asking fails.
pub fn soon<T>(mut ask: impl FnMut() -> Result<Option<T>, Fault>) -> Result<Option<T>, Fault> {
    let deadline = Instant::now() + NEW_TOPIC_TIMEOUT;
    loop {
        let answer = ask()?;
        if answer.is_some() || Instant::now() > deadline {
            return Ok(answer);
        }
        std::thread::sleep(NEW_TOPIC_PAUSE);
    }
}

/// Fault of a connection that the brokers or the client refuse. `line` is what the library says.
fn refused_at(brokers: &str, refusal: Refusal, line: &str) -> Fault {
    let fix = refusal.fix;
    if refusal.is_final {
        let told = format!("the connection to the brokers at {brokers} is refused: {fix} ({line})");
        return Fault::Fatal(told);
    }
    Fault::Passing(format!(
        "no broker answers at {brokers}: check {fix} ({line})"
    ))
}

/// Fault of an outage.
pub fn unreachable_at(brokers: &str, why: Option<String>, error: &KafkaError) -> Fault {
    let why = why.unwrap_or_else(|| error.to_string());
    Fault::Passing(format!(
        "no broker answers at {brokers}: check `kafka.brokers` and that the cluster is up ({why})"
    ))
}

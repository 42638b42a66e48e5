//! `kafka`: the cluster, the consumer group, and librdkafka's properties.

use serde::{Deserialize, Serialize};

use super::fault::{ConfigFaults, nearest};
use super::secret::Properties;
use crate::kafka::{property_faults, property_names};

/// The Kafka cluster, the consumer group, and properties of the client library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaConfig {
    /// Addresses of the brokers to contact first, each `HOST:PORT`. Any of them gives the addresses of the others.
    /// `run`, `topics`, `reference` and `offsets` need at least one; `check config` does not. Name two or three, so
    /// that a start succeeds while one broker is down.
    pub brokers: Vec<String>,
    /// Name of the consumer group. All processes of a group share the partitions of the input topics and one state.
    /// Another group is another deployment and needs its own `topics.prefix`.
    pub group: String,
    /// librdkafka properties under their own names, passed to every client: security, buffers, timeouts. Properties
    /// that would break exactly-once processing are refused with the reason. Secrets are never printed. Set them in the
    /// environment rather than in a file, as `TIDEGAUGE__KAFKA__PROPERTIES__SASL_PASSWORD`; there, a single `_` stands
    /// for a dot. For example `{"security.protocol": "SASL_SSL"}`.
    pub properties: Properties,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            brokers: Vec::new(),
            group: "tidegauge".to_owned(),
            properties: Properties::default(),
        }
    }
}

/// Properties that a user may not set: name, reason, and what to do instead.
pub const REFUSED: &[(&str, &str, &str)] = &[
    ("enable.auto.commit", OFFSETS, REMOVE),
    ("auto.commit.interval.ms", OFFSETS, REMOVE),
    ("auto.commit.enable", OFFSETS, REMOVE),
    ("enable.auto.offset.store", OFFSETS, REMOVE),
    (
        "isolation.level",
        "uncommitted records would be counted although they may be aborted",
        REMOVE,
    ),
    ("enable.idempotence", "transactions require it", REMOVE),
    ("acks", ALL_REPLICAS, REMOVE),
    ("request.required.acks", ALL_REPLICAS, REMOVE),
    (
        "transactional.id",
        "each worker needs its own id",
        "set runtime.transactional_id",
    ),
    (
        "transaction.timeout.ms",
        "Tidegauge computes it from the flush interval",
        "set runtime.flush_interval",
    ),
    (
        "auto.offset.reset",
        "an automatic reset would lose or repeat records silently",
        "set runtime.from for the group's first start",
    ),
    (
        "group.id",
        "Tidegauge has its own key for it",
        "set kafka.group",
    ),
    (
        "bootstrap.servers",
        "Tidegauge has its own key for it",
        "set kafka.brokers",
    ),
    (
        "metadata.broker.list",
        "Tidegauge has its own key for it",
        "set kafka.brokers",
    ),
    (
        "enable.partition.eof",
        "Tidegauge needs these events to recognise idle sources",
        REMOVE,
    ),
    (
        "allow.auto.create.topics",
        "a mistyped input topic would be created instead of reported",
        "set topics.create",
    ),
    (
        "partitioner",
        "keys must reach the same partition from every worker",
        REMOVE,
    ),
];

const OFFSETS: &str = "offsets are committed in the same transaction as the results";
const ALL_REPLICAS: &str = "a commit must reach all in-sync replicas";
const REMOVE: &str = "remove it";

impl KafkaConfig {
    /// Brokers in librdkafka's notation, for commands that need a cluster.
    ///
    /// # Errors
    /// A fault if no broker is set.
    pub fn bootstrap(&self) -> Result<String, ConfigFaults> {
        if self.brokers.is_empty() {
            let fix =
                "give --brokers HOST:PORT, TIDEGAUGE__KAFKA__BROKERS or kafka.brokers in the file";
            return Err(ConfigFaults::one("kafka.brokers", "no broker is set", fix));
        }
        Ok(self.brokers.join(","))
    }

    pub(super) fn check(&self, faults: &mut ConfigFaults) {
        for (i, broker) in self.brokers.iter().enumerate() {
            let wrong = format!("`{broker}` is not HOST:PORT");
            faults.require(
                is_host_port(broker),
                &format!("kafka.brokers[{i}]"),
                wrong,
                "write it like broker-1:9092",
            );
        }
        faults.require(
            !self.group.trim().is_empty(),
            "kafka.group",
            "it is empty",
            "set the name of the consumer group",
        );
        for name in self.properties.0.keys() {
            if let Some((_, reason, fix)) = REFUSED.iter().find(|(refused, _, _)| refused == name) {
                let wrong = format!("refused, because {reason}");
                faults.add(&property_path(name), wrong, *fix);
            }
        }
        for fault in property_faults(&self.properties.0) {
            let fix = fault.fix.unwrap_or_else(|| meant(&fault.property));
            faults.add(&property_path(&fault.property), fault.wrong, fix);
        }
    }
}

fn property_path(name: &str) -> String {
    format!("kafka.properties.{name}")
}

/// Fix of an unknown property.
fn meant(name: &str) -> String {
    let usable = property_names().filter(|known| !REFUSED.iter().any(|(name, ..)| name == known));
    match nearest(name, usable) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "remove it; librdkafka's CONFIGURATION.md lists all properties".to_owned(),
    }
}

fn is_host_port(broker: &str) -> bool {
    let address = broker
        .split_once("://")
        .map_or(broker, |(_, address)| address);
    address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|p| p > 0))
}

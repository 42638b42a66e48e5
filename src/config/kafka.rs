//! `kafka`: which cluster, which group, and librdkafka's own properties.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::secret::Properties;

/// Which cluster, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaConfig {
    /// Brokers to ask first, each `HOST:PORT`; the rest of the cluster is found through any one of them. `run`, `topics`,
    /// `reference` and `offsets` need at least one; `check config` does not. Two or three, so that a start survives one broker's absence.
    pub brokers: Vec<String>,
    /// The consumer group. All processes of one group share the partitions of the input topics and one state; another group is
    /// another Tidegauge, and needs a `topics.prefix` of its own.
    pub group: String,
    /// librdkafka properties under their own names, passed to every client: security, buffers, timeouts. Those that would break
    /// a promise of exactly-once are refused by name, with the reason. Secrets are never printed; rather than in a file, give
    /// them as `TIDEGAUGE__KAFKA__PROPERTIES__SASL_PASSWORD` (a single `_` stands for the dot). For example `{"security.protocol": "SASL_SSL"}`.
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

/// Properties that are not the user's to set: name, why, and what to do instead.
pub const REFUSED: &[(&str, &str, &str)] = &[
    ("enable.auto.commit", OFFSETS, REMOVE),
    ("auto.commit.interval.ms", OFFSETS, REMOVE),
    ("auto.commit.enable", OFFSETS, REMOVE),
    ("enable.auto.offset.store", OFFSETS, REMOVE),
    (
        "isolation.level",
        "uncommitted records would be counted and then vanish",
        REMOVE,
    ),
    ("enable.idempotence", "transactions need it on", REMOVE),
    ("acks", ALL_REPLICAS, REMOVE),
    ("request.required.acks", ALL_REPLICAS, REMOVE),
    (
        "transactional.id",
        "each worker needs its own",
        "set runtime.transactional_id",
    ),
    (
        "transaction.timeout.ms",
        "it follows from the flush interval",
        "set runtime.flush_interval",
    ),
    (
        "auto.offset.reset",
        "a reset in the middle would lose or repeat records silently",
        "set runtime.from for the group's first start",
    ),
    ("group.id", "it has a key of its own", "set kafka.group"),
    (
        "bootstrap.servers",
        "it has a key of its own",
        "set kafka.brokers",
    ),
    (
        "metadata.broker.list",
        "it has a key of its own",
        "set kafka.brokers",
    ),
    (
        "enable.partition.eof",
        "idle sources are recognised by it",
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
const ALL_REPLICAS: &str = "a commit must be on all in-sync replicas";
const REMOVE: &str = "remove it";

impl KafkaConfig {
    /// The brokers as librdkafka takes them, for what needs a cluster.
    ///
    /// # Errors
    /// The fault that there are none.
    pub fn bootstrap(&self) -> Result<String, ConfigFaults> {
        if self.brokers.is_empty() {
            let fix =
                "give --brokers HOST:PORT, TIDEGAUGE__KAFKA__BROKERS or kafka.brokers in the file";
            return Err(ConfigFaults::one(
                "kafka.brokers",
                "no broker is named",
                fix,
            ));
        }
        Ok(self.brokers.join(","))
    }

    pub(super) fn check(&self, faults: &mut ConfigFaults) {
        for (i, broker) in self.brokers.iter().enumerate() {
            let wrong = format!("`{broker}` is no HOST:PORT");
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
            "name the consumer group",
        );
        for name in self.properties.0.keys() {
            if let Some((_, reason, fix)) = REFUSED.iter().find(|(refused, _, _)| refused == name) {
                faults.add(
                    &format!("kafka.properties.{name}"),
                    format!("refused, because {reason}"),
                    *fix,
                );
            }
        }
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

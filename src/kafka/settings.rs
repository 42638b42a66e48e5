//! Properties of the clients. Each one that differs from the library's default has its reason here.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;

/// Addresses, identity and properties of the clients of one worker.
#[derive(Clone)]
pub struct ClientSettings {
    /// Brokers as `host:port`, separated by commas.
    pub brokers: String,
    /// Consumer group.
    pub group: String,
    /// Transactional id: random per start, unless the user set one.
    pub transactional_id: String,
    /// Time after which the broker aborts an abandoned transaction. Readers are blocked until then.
    pub transaction_timeout: Duration,
    /// Properties of librdkafka set by the user. They override ours, except where they would break a promise.
    pub properties: BTreeMap<String, String>,
    /// Place where offsets are committed.
    pub offsets: Offsets,
}

/// Place where offsets are committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offsets {
    /// In the transaction: exactly once.
    InTransaction,
    /// Outside the transaction, for the embedded cluster of the demo, which loses offsets of transactions.
    Beside,
}

/// Default of `message.max.bytes`: slightly less than the limit of a default broker.
const RECORD_BYTES_MAX: usize = 1_000_000;

impl ClientSettings {
    fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "tidegauge")
            // The previous transaction completes some milliseconds after its commit returns. With the default of 100 ms,
            // the next one would wait that long for its first answer.
            .set("retry.backoff.ms", "10")
            // A commit sends several small requests. With Nagle's algorithm each would wait 40 ms for a delayed
            // acknowledgement.
            .set("socket.nagle.disable", "true")
            // After an outage, clients connect within two seconds instead of ten.
            .set("reconnect.backoff.max.ms", "2000")
            // New partitions are noticed within half a minute instead of five minutes.
            .set("topic.metadata.refresh.interval.ms", "30000");
        config
    }

    fn with_user_properties(&self, mut config: ClientConfig) -> ClientConfig {
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        config
    }

    /// Consumer of the group, which reads inputs and frames.
    #[must_use]
    pub fn consumer(&self) -> ClientConfig {
        let mut config = self.base();
        config
            .set("group.id", &self.group)
            .set("partition.assignment.strategy", "range")
            // A killed process keeps its partitions for this long.
            .set("session.timeout.ms", "15000");
        let mut config = self.with_user_properties(config);
        config
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "error");
        config
    }

    /// Reader of state topics. It joins no group and reads committed records up to the end.
    #[must_use]
    pub fn state_reader(&self) -> ClientConfig {
        let mut config = self.with_user_properties(self.base());
        config
            .set("group.id", &self.group) // the library looks for its coordinator; it is never joined
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            // An empty fetch reports the end, and the broker delays it by this time.
            .set("fetch.wait.max.ms", "10")
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "earliest");
        config
    }

    /// Handle that sees the true end of a log, open transactions included.
    #[must_use]
    pub fn probe(&self) -> ClientConfig {
        let mut config = self.with_user_properties(self.base());
        config
            .set("group.id", &self.group) // whose offsets it may be asked for; it is never joined
            .set("isolation.level", "read_uncommitted");
        config
    }

    /// Handle that sees a log up to the first open transaction.
    #[must_use]
    pub fn stable_probe(&self) -> ClientConfig {
        let mut config = self.probe();
        config.set("isolation.level", "read_committed");
        config
    }

    /// Transactional producer.
    #[must_use]
    pub fn producer(&self) -> ClientConfig {
        let mut config = self.base();
        config
            .set("partitioner", "murmur2_random") // as Java's clients, so that keys land where others expect them
            .set("compression.type", "lz4")
            .set("linger.ms", "0") // a flush sends everything at once: there is nothing to wait for
            .set("queue.buffering.max.kbytes", "262144");
        let mut config = self.with_user_properties(config);
        config.set("transactional.id", &self.transactional_id).set(
            "transaction.timeout.ms",
            self.transaction_timeout.as_millis().to_string(),
        );
        config
    }

    /// Producer of one order. It needs no transaction: an order has an id and is obeyed once.
    #[must_use]
    pub fn order_writer(&self) -> ClientConfig {
        let mut config = self.base();
        config
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "0");
        let mut config = self.with_user_properties(config);
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", "20000");
        config
    }

    /// Maximum bytes of one record: the limit of the library, unless the user set another.
    #[must_use]
    pub fn record_bytes_max(&self) -> usize {
        let set = self.properties.get("message.max.bytes");
        set.and_then(|text| text.parse().ok())
            .unwrap_or(RECORD_BYTES_MAX)
    }

    /// Administration of topics.
    #[must_use]
    pub fn admin(&self) -> ClientConfig {
        self.with_user_properties(self.base())
    }
}

//! How the clients are set up: every property that is not the library's default has its reason here.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;

/// How to reach the cluster, and as whom.
#[derive(Clone)]
pub struct ClientSettings {
    /// `host:port`, comma-separated.
    pub brokers: String,
    /// The consumer group.
    pub group: String,
    /// The transactional id: random per start unless the user fixed one.
    pub transactional_id: String,
    /// How long the broker waits for an abandoned transaction, which blocks readers meanwhile.
    pub transaction_timeout: Duration,
    /// librdkafka's own properties, as the user wrote them; they win, but for those that would break a promise.
    pub properties: BTreeMap<String, String>,
    /// Where offsets are committed.
    pub offsets: Offsets,
}

/// Where offsets are committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offsets {
    /// In the transaction: exactly once.
    InTransaction,
    /// Beside it, for the embedded cluster of the demo, which forgets those sent inside.
    Beside,
}

/// The default of `message.max.bytes`: a little less than a default broker takes.
const RECORD_BYTES_MAX: usize = 1_000_000;

impl ClientSettings {
    fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "tidegauge")
            // The transaction before is completed for some milliseconds after its commit returns: with the default
            // of 100 ms the next one would wait that long for its first answer.
            .set("retry.backoff.ms", "10")
            // Small requests follow each other at a commit: with Nagle's algorithm each waits for the other side's delayed
            // acknowledgement, 40 ms.
            .set("socket.nagle.disable", "true")
            // Partitions that are added are noticed within half a minute instead of five.
            .set("topic.metadata.refresh.interval.ms", "30000");
        config
    }

    fn with_user_properties(&self, mut config: ClientConfig) -> ClientConfig {
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        config
    }

    /// The member of the group that reads inputs and frames.
    #[must_use]
    pub fn consumer(&self) -> ClientConfig {
        let mut config = self.base();
        config
            .set("group.id", &self.group)
            .set("partition.assignment.strategy", "range")
            // A process that was killed keeps its partitions for this long.
            .set("session.timeout.ms", "15000");
        let mut config = self.with_user_properties(config);
        config
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "error");
        config
    }

    /// The reader of state topics: no member of any group, up to the end of what is committed.
    #[must_use]
    pub fn state_reader(&self) -> ClientConfig {
        let mut config = self.with_user_properties(self.base());
        config
            .set("group.id", format!("{}.restore", self.group)) // asked for by the library, never joined
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            // The end is reported by an empty fetch, and the broker holds that one back for this long.
            .set("fetch.wait.max.ms", "10")
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "earliest");
        config
    }

    /// The handle that sees where logs truly end, open transactions included.
    #[must_use]
    pub fn probe(&self) -> ClientConfig {
        let mut config = self.with_user_properties(self.base());
        config
            .set("group.id", &self.group) // whose offsets it may be asked for; it is never joined
            .set("isolation.level", "read_uncommitted");
        config
    }

    /// The handle that sees up to where logs are decided.
    #[must_use]
    pub fn stable_probe(&self) -> ClientConfig {
        let mut config = self.probe();
        config.set("isolation.level", "read_committed");
        config
    }

    /// The transactional producer.
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

    /// Bytes that one record of ours may have: the library's own limit, unless the user has set another.
    #[must_use]
    pub fn record_bytes_max(&self) -> usize {
        let set = self.properties.get("message.max.bytes");
        set.and_then(|text| text.parse().ok())
            .unwrap_or(RECORD_BYTES_MAX)
    }

    /// The administrator of topics.
    #[must_use]
    pub fn admin(&self) -> ClientConfig {
        self.with_user_properties(self.base())
    }
}

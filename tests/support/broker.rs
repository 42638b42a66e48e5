//! Cluster under test: its address, its topics, and the committed offsets of groups.

use std::future::Future;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::Offset;

use super::wait::wait_for;

/// Time limit of a single request to the broker.
pub const ANSWER_MAX: Duration = Duration::from_secs(15);

static SKIPPED: AtomicUsize = AtomicUsize::new(0);
static NAMES: AtomicUsize = AtomicUsize::new(0);

/// Name of a consumer group. The type prevents confusion with the name of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group(pub String);

/// Offset and metadata that a group has committed for one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Next offset to read; `None` if the group has committed nothing.
    pub offset: Option<i64>,
    /// Metadata committed with the offset.
    pub metadata: String,
}

/// Cluster at `KAFKA_BOOTSTRAP_SERVERS`, as used by one test.
#[derive(Debug, Clone)]
pub struct Broker {
    address: String,
    test: String,
    /// Properties that every client needs.
    properties: Vec<(String, String)>,
}

impl Broker {
    /// Returns the cluster. Without one, it prints that `test` is skipped, counts it, and returns `None`.
    ///
    /// # Panics
    /// If there is no cluster but `TIDEGAUGE_REQUIRE_BROKER` is set. A skipped test is then a failure.
    pub fn or_skip(test: &str) -> Option<Self> {
        match std::env::var("KAFKA_BOOTSTRAP_SERVERS") {
            Ok(address) if !address.is_empty() => Some(Self::at(&address, test)),
            _ => {
                skip(test, "needs a broker (KAFKA_BOOTSTRAP_SERVERS)");
                None
            }
        }
    }

    /// The cluster at `address`, as used by `test`.
    pub(super) fn at(address: &str, test: &str) -> Self {
        Self {
            address: address.to_owned(),
            test: test.replace('_', "-"),
            properties: Vec::new(),
        }
    }

    /// The same cluster, for clients with these properties: TLS and a login.
    pub(super) fn with(mut self, properties: Vec<(String, String)>) -> Self {
        self.properties = properties;
        self
    }

    /// Bootstrap address, `host:port[,host:port]`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Unique name for a topic, a group or a prefix. It is legal in Kafka and contains the name of the test.
    pub fn name(&self, what: &str) -> String {
        let millis = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
        let count = NAMES.fetch_add(1, Ordering::Relaxed);
        format!(
            "{}.{what}.{millis:x}-{}-{count}",
            self.test,
            std::process::id()
        )
    }

    /// Unique name of a group.
    pub fn group(&self, what: &str) -> Group {
        Group(self.name(what))
    }

    /// Client configuration with the address of the cluster and, where it needs one, the login.
    pub fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.address);
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        config
    }

    /// Creates a topic with a unique name. Returns the name after every partition has a leader.
    pub fn create_topic(&self, what: &str, partitions: usize) -> String {
        let topic = self.name(what);
        self.create_topic_as(&topic, partitions, &[]);
        topic
    }

    /// Creates `topic` under exactly this name, with settings such as `("cleanup.policy", "compact")`. The replication
    /// factor is the cluster's default.
    pub fn create_topic_as(&self, topic: &str, partitions: usize, settings: &[(&str, &str)]) {
        let count = i32::try_from(partitions).unwrap();
        let mut wanted = NewTopic::new(topic, count, TopicReplication::Fixed(-1));
        for (key, value) in settings {
            wanted = wanted.set(key, value);
        }
        let created = block_on(self.admin().create_topics([&wanted], &options()));
        assert_eq!(created.unwrap(), [Ok(topic.to_owned())]);
        self.await_partitions(topic, partitions);
    }

    /// Deletes `topic` and returns after the cluster no longer lists it, so that it can be created again.
    pub fn delete_topic(&self, topic: &str) {
        let deleted = block_on(self.admin().delete_topics(&[topic], &options()));
        assert_eq!(deleted.unwrap(), [Ok(topic.to_owned())]);
        wait_for("the deleted topic to be gone", ANSWER_MAX, || {
            self.partitions(topic).is_none().then_some(())
        });
    }

    /// Deletes the records of one partition before `offset`, as retention would.
    pub fn delete_records(&self, topic: &str, partition: i32, offset: i64) {
        let mut before = TopicPartitionList::new();
        before
            .add_partition_offset(topic, partition, Offset::Offset(offset))
            .unwrap();
        let deleted = block_on(self.admin().delete_records(&before, &options())).unwrap();
        let first = deleted.find_partition(topic, partition).unwrap();
        assert_eq!(
            first.offset(),
            Offset::Offset(offset),
            "the log begins there"
        );
    }

    /// Increases the number of partitions of `topic` to `total`.
    pub fn add_partitions(&self, topic: &str, total: usize) {
        let wanted = NewPartitions::new(topic, total);
        let added = block_on(self.admin().create_partitions([&wanted], &options()));
        assert_eq!(added.unwrap(), [Ok(topic.to_owned())]);
        self.await_partitions(topic, total);
    }

    /// Number of partitions of `topic` with a leader; `None` if the topic does not exist.
    pub fn partitions(&self, topic: &str) -> Option<usize> {
        // Asks for all topics, because a request for one topic by name would wait until the topic exists.
        let client: BaseConsumer = self.config().create().unwrap();
        let metadata = client.fetch_metadata(None, ANSWER_MAX).unwrap();
        let found = metadata.topics().iter().find(|t| t.name() == topic)?;
        let led = found.partitions().iter().filter(|p| p.leader() >= 0);
        Some(led.count())
    }

    /// Committed offset and metadata of `group` for each partition of `topic`, in order.
    pub fn committed(&self, group: &Group, topic: &str) -> Vec<Committed> {
        let mut config = self.config();
        let client: BaseConsumer = config.set("group.id", &group.0).create().unwrap();
        let asked = self.every_partition(topic);
        // The first question about a group may find a coordinator that does not know yet that it is the one.
        let answered = wait_for("the coordinator to answer", ANSWER_MAX, || {
            client.committed_offsets(asked.clone(), ANSWER_MAX).ok()
        });
        let committed = answered.elements();
        committed
            .iter()
            .map(|e| Committed {
                offset: match e.offset() {
                    Offset::Offset(offset) => Some(offset),
                    _ => None,
                },
                metadata: e.metadata().to_owned(),
            })
            .collect()
    }

    /// List of all partitions of `topic`.
    pub fn every_partition(&self, topic: &str) -> TopicPartitionList {
        // A broker that does not know a new topic yet may answer first.
        let count = wait_for("the topic to exist", ANSWER_MAX, || self.partitions(topic));
        let mut list = TopicPartitionList::new();
        list.add_partition_range(topic, 0, i32::try_from(count).unwrap() - 1);
        list
    }

    fn await_partitions(&self, topic: &str, partitions: usize) {
        wait_for("every partition to have a leader", ANSWER_MAX, || {
            (self.partitions(topic) == Some(partitions)).then_some(())
        });
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config().create().unwrap()
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(ANSWER_MAX))
}

/// Waits for an admin request. rdkafka returns futures, which its own thread completes.
fn block_on<F: Future>(answer: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(answer)
}

/// Prints that `test` was skipped and why. It bypasses the capture of `println!`, so the line is visible without
/// `--nocapture`.
///
/// # Panics
/// If `TIDEGAUGE_REQUIRE_BROKER` is set.
pub fn skip(test: &str, reason: &str) {
    let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    let line = format!("SKIPPED: {test} {reason} [{count} skipped here]\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    assert!(
        std::env::var_os("TIDEGAUGE_REQUIRE_BROKER").is_none(),
        "TIDEGAUGE_REQUIRE_BROKER is set, so {test} may not be skipped: {reason}"
    );
}

//! The cluster under test: where it is, its topics, what groups have committed.

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

/// How long any single question to the broker may take.
pub const ANSWER_MAX: Duration = Duration::from_secs(15);

static SKIPPED: AtomicUsize = AtomicUsize::new(0);
static NAMES: AtomicUsize = AtomicUsize::new(0);

/// The name of a consumer group, so that it is never mistaken for a topic's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group(pub String);

/// What a group has committed for one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read; `None` where the group has committed nothing.
    pub offset: Option<i64>,
    /// The text committed beside it.
    pub metadata: String,
}

/// The cluster at `KAFKA_BOOTSTRAP_SERVERS`, as one test sees it.
#[derive(Debug, Clone)]
pub struct Broker {
    address: String,
    test: String,
}

impl Broker {
    /// The cluster, or `None` after saying aloud and counting that `test` was skipped.
    ///
    /// # Panics
    /// Without a cluster where `TIDEGAUGE_REQUIRE_BROKER` is set: there a skip is a failure.
    pub fn or_skip(test: &str) -> Option<Self> {
        match std::env::var("KAFKA_BOOTSTRAP_SERVERS") {
            Ok(address) if !address.is_empty() => Some(Self {
                address,
                test: test.replace('_', "-"),
            }),
            _ => {
                skip(test);
                None
            }
        }
    }

    /// The bootstrap address, `host:port[,host:port]`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A name for a topic, a group or a prefix that nobody else uses: legal in Kafka, and says whose it is.
    pub fn name(&self, what: &str) -> String {
        let millis = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
        let count = NAMES.fetch_add(1, Ordering::Relaxed);
        format!(
            "{}.{what}.{millis:x}-{}-{count}",
            self.test,
            std::process::id()
        )
    }

    /// A group's unique name.
    pub fn group(&self, what: &str) -> Group {
        Group(self.name(what))
    }

    /// A client configuration that knows only where the cluster is.
    pub fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.address);
        config
    }

    /// Creates a topic with a unique name and returns the name once every partition has a leader.
    pub fn create_topic(&self, what: &str, partitions: usize) -> String {
        let topic = self.name(what);
        self.create_topic_as(&topic, partitions, &[]);
        topic
    }

    /// Creates exactly `topic`, with settings such as `("cleanup.policy", "compact")`; replication is the cluster's default.
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

    /// Deletes `topic` and returns once the cluster has forgotten it, so that it can be created again.
    pub fn delete_topic(&self, topic: &str) {
        let deleted = block_on(self.admin().delete_topics(&[topic], &options()));
        assert_eq!(deleted.unwrap(), [Ok(topic.to_owned())]);
        wait_for("the deleted topic to be gone", ANSWER_MAX, || {
            self.partitions(topic).is_none().then_some(())
        });
    }

    /// Raises the number of `topic`'s partitions to `total`.
    pub fn add_partitions(&self, topic: &str, total: usize) {
        let wanted = NewPartitions::new(topic, total);
        let added = block_on(self.admin().create_partitions([&wanted], &options()));
        assert_eq!(added.unwrap(), [Ok(topic.to_owned())]);
        self.await_partitions(topic, total);
    }

    /// How many partitions `topic` has, or `None` if there is no such topic.
    pub fn partitions(&self, topic: &str) -> Option<usize> {
        // All topics are asked for: a question about one by name would wait for it to appear.
        let client: BaseConsumer = self.config().create().unwrap();
        let metadata = client.fetch_metadata(None, ANSWER_MAX).unwrap();
        let found = metadata.topics().iter().find(|t| t.name() == topic)?;
        let led = found.partitions().iter().filter(|p| p.leader() >= 0);
        Some(led.count())
    }

    /// Offset and metadata that `group` has committed for each partition of `topic`, in order.
    pub fn committed(&self, group: &Group, topic: &str) -> Vec<Committed> {
        let mut config = self.config();
        let client: BaseConsumer = config.set("group.id", &group.0).create().unwrap();
        let asked = self.every_partition(topic);
        let answered = client.committed_offsets(asked, ANSWER_MAX).unwrap();
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

    /// Every partition of `topic`.
    pub fn every_partition(&self, topic: &str) -> TopicPartitionList {
        let count = self.partitions(topic).expect("the topic exists");
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

/// rdkafka's admin answers are futures, completed by a thread of its own.
fn block_on<F: Future>(answer: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(answer)
}

/// Says that `test` was skipped, past the capture of `println!`, so that it is seen without `--nocapture`.
fn skip(test: &str) {
    let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    let line = format!(
        "SKIPPED: {test} needs a broker (KAFKA_BOOTSTRAP_SERVERS) [{count} skipped here]\n"
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    assert!(
        std::env::var_os("TIDEGAUGE_REQUIRE_BROKER").is_none(),
        "TIDEGAUGE_REQUIRE_BROKER is set, KAFKA_BOOTSTRAP_SERVERS is not: {test} may not be skipped"
    );
}

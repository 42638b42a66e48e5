//! A cluster of three brokers whose nodes a test may kill and start again.
//!
//! All tests of a process share one cluster and use it one after the other: [`Cluster::or_skip`] waits for its turn and
//! returns a cluster with all nodes up. The first test starts it. It is stopped when the process ends, also after a
//! panic or a kill.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::MetadataPartition;

use super::broker::{Broker, Group, skip};
use super::wait::wait_for;

/// Numbers of the nodes. Replication is 3 and `min.insync.replicas` is 2, so the cluster works while one is down.
pub const NODES: RangeInclusive<usize> = 1..=3;

/// Time limit for a node to answer a request for metadata.
const METADATA_MAX: Duration = Duration::from_secs(5);
/// Time limit for a start of nodes until every replica is in sync, on a loaded machine.
const WHOLE_MAX: Duration = Duration::from_secs(120);

/// The cluster of this process. The error says why there is none, so that only one test tries to start it.
static CLUSTER: Mutex<Option<Result<Nodes, String>>> = Mutex::new(None);

/// Three brokers, held by one test. Dropping it lets the next test have them.
pub struct Cluster {
    held: MutexGuard<'static, Option<Result<Nodes, String>>>,
    broker: Broker,
}

/// Started nodes.
struct Nodes {
    name: String,
    /// `host:port` of each node.
    addresses: Vec<String>,
    down: BTreeSet<usize>,
    /// `None` for a cluster that somebody else started.
    _sentinel: Option<Sentinel>,
}

/// A process that stops the nodes when its standard input ends, which the end of this process causes.
pub(super) struct Sentinel {
    _process: Child,
}

impl Cluster {
    /// Returns the cluster with all nodes up and all replicas in sync. Starts it if this is the first test.
    ///
    /// `TIDEGAUGE_CLUSTER=NAME` uses the running cluster of that name (`scripts/kafka --name NAME start --nodes 3`) and
    /// leaves it running. Otherwise, the tests start one if `TIDEGAUGE_REQUIRE_BROKER` or `KAFKA_BOOTSTRAP_SERVERS` says
    /// that this run has brokers. Without either, it prints that `test` is skipped, counts it, and returns `None`.
    ///
    /// # Panics
    /// If there can be no cluster but `TIDEGAUGE_REQUIRE_BROKER` is set. A skipped test is then a failure.
    pub fn or_skip(test: &str) -> Option<Self> {
        let mut held = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
        let address = match held.get_or_insert_with(Nodes::obtain) {
            Ok(nodes) => nodes.addresses.join(","),
            Err(reason) => {
                skip(test, reason);
                return None;
            }
        };
        let broker = Broker::at(&address, test);
        let mut cluster = Self { held, broker };
        cluster.start_all();
        cluster.await_whole();
        Some(cluster)
    }

    /// Bootstrap address of all nodes, `host:port,host:port,host:port`.
    pub fn address(&self) -> &str {
        self.broker.address()
    }

    /// The cluster as a place for topics, groups and records.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// Runs `scripts/kafka WORDS…` on this cluster and returns its output, for example of `topics --list`.
    #[track_caller]
    pub fn kafka(&self, words: &[&str]) -> String {
        kafka(&self.nodes().name, words).unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// Sends SIGKILL to a node. Clients notice at once; other nodes take over after the broker's session timeout, some
    /// 5 s.
    pub fn kill_node(&mut self, node: usize) {
        self.nodes().run("kill-node", &[node]);
        self.nodes_mut().down.insert(node);
    }

    /// Starts a node again on its data. Returns when the cluster has let it in. Its replicas may still be behind: see
    /// [`Cluster::await_whole`].
    pub fn start_node(&mut self, node: usize) {
        self.nodes().run("start-node", &[node]);
        self.nodes_mut().down.remove(&node);
    }

    /// Sends SIGKILL to every node that is up.
    pub fn stop_all(&mut self) {
        let up: Vec<usize> = self.up().collect();
        self.nodes().run("kill-node", &up);
        self.nodes_mut().down.extend(up);
    }

    /// Starts every node that is down.
    pub fn start_all(&mut self) {
        let every: Vec<usize> = NODES.collect();
        self.nodes().run("start-node", &every);
        self.nodes_mut().down.clear();
    }

    /// Numbers of the nodes that are up.
    pub fn up(&self) -> impl Iterator<Item = usize> + '_ {
        NODES.filter(|node| !self.nodes().down.contains(node))
    }

    /// Node that leads a partition; `None` if the partition does not exist or nobody leads it.
    pub fn leader_of(&self, topic: &str, partition: usize) -> Option<usize> {
        let witness = self.up().next()?;
        let partitions = self.partitions_seen_by(witness)?;
        let found = partitions
            .into_iter()
            .find(|p| p.topic == topic && p.number == partition)?;
        found.leader
    }

    /// Node that coordinates a consumer group; `None` before the first group of the cluster exists.
    pub fn coordinator_of(&self, group: &Group) -> Option<usize> {
        self.coordinator("__consumer_offsets", &group.0)
    }

    /// Node that coordinates the transactions of a `transactional.id`; `None` before the first transaction.
    pub fn transaction_coordinator_of(&self, transactional_id: &str) -> Option<usize> {
        self.coordinator("__transaction_state", transactional_id)
    }

    /// Waits until every node that is up names a leader that is up for every partition. Returns the time it took.
    #[track_caller]
    pub fn await_leaders(&self) -> Duration {
        let down = &self.nodes().down;
        let is_led = |p: &Partition| p.leader.is_some_and(|leader| !down.contains(&leader));
        self.await_every_partition("every partition to have a leader", is_led)
    }

    /// Waits until every replica of every partition is in sync, so that another node may be killed. All nodes must be
    /// up. Returns the time it took.
    #[track_caller]
    pub fn await_whole(&self) -> Duration {
        let is_whole = |p: &Partition| p.leader.is_some() && p.in_sync == p.replicas;
        self.await_every_partition("every replica to be in sync", is_whole)
    }

    #[track_caller]
    fn await_every_partition(&self, what: &str, holds: impl Fn(&Partition) -> bool) -> Duration {
        let begun = Instant::now();
        wait_for(what, WHOLE_MAX, || {
            let seen = |node| self.partitions_seen_by(node);
            let holds = |node| seen(node).is_some_and(|all| all.iter().all(&holds));
            self.up().all(holds).then_some(())
        });
        begun.elapsed()
    }

    /// Kafka chooses the partition of the coordinator by Java's hash of the name.
    fn coordinator(&self, topic: &str, name: &str) -> Option<usize> {
        let witness = self.up().next()?;
        let partitions = self.partitions_seen_by(witness)?;
        let count = partitions.iter().filter(|p| p.topic == topic).count();
        let hash = name.encode_utf16().fold(0_i32, |hash, unit| {
            hash.wrapping_mul(31).wrapping_add(i32::from(unit))
        });
        let number = (hash.checked_abs().unwrap_or(0) as usize).checked_rem(count)?;
        self.leader_of(topic, number)
    }

    /// Partitions of all topics as one node knows them; `None` if it does not answer or does not know all live nodes.
    fn partitions_seen_by(&self, node: usize) -> Option<Vec<Partition>> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.nodes().addresses[node - 1]);
        config.set_log_level(rdkafka::config::RDKafkaLogLevel::Emerg);
        let client: BaseConsumer = config.create().unwrap();
        let metadata = client.fetch_metadata(None, METADATA_MAX).ok()?;
        if metadata.brokers().len() < self.up().count() {
            return None;
        }
        let topics = metadata.topics().iter();
        let partitions = topics.flat_map(|topic| {
            let of_topic = topic.partitions().iter();
            of_topic.map(|partition| Partition::of(topic.name(), partition))
        });
        Some(partitions.collect())
    }

    fn nodes(&self) -> &Nodes {
        self.held.as_ref().unwrap().as_ref().unwrap()
    }

    fn nodes_mut(&mut self) -> &mut Nodes {
        self.held.as_mut().unwrap().as_mut().unwrap()
    }
}

/// Partition as a node describes it.
struct Partition {
    topic: String,
    number: usize,
    leader: Option<usize>,
    replicas: usize,
    in_sync: usize,
}

impl Partition {
    fn of(topic: &str, partition: &MetadataPartition) -> Self {
        Self {
            topic: topic.to_owned(),
            number: partition.id() as usize,
            leader: usize::try_from(partition.leader()).ok(),
            replicas: partition.replicas().len(),
            in_sync: partition.isr().len(),
        }
    }
}

impl Nodes {
    fn obtain() -> Result<Self, String> {
        let set = |name| std::env::var(name).is_ok_and(|value| !value.is_empty());
        if let Ok(name) = std::env::var("TIDEGAUGE_CLUSTER") {
            let address = kafka(&name, &["address"])?;
            return Ok(Self::at(name, &address, None));
        }
        if !set("TIDEGAUGE_REQUIRE_BROKER") && !set("KAFKA_BOOTSTRAP_SERVERS") {
            return Err("needs three brokers (set TIDEGAUGE_REQUIRE_BROKER to start them)".into());
        }
        let name = format!("survival-{}", std::process::id());
        let sentinel = sentinel(&name); // first, so that a cluster that starts halfway is stopped, too
        let address = kafka(&name, &["start", "--nodes", "3"])?;
        Ok(Self::at(name, &address, Some(sentinel)))
    }

    fn at(name: String, address: &str, sentinel: Option<Sentinel>) -> Self {
        let addresses: Vec<String> = address.split(',').map(str::to_owned).collect();
        assert_eq!(addresses.len(), NODES.count(), "nodes of '{name}'");
        Self {
            name,
            addresses,
            down: BTreeSet::new(),
            _sentinel: sentinel,
        }
    }

    #[track_caller]
    fn run(&self, command: &str, nodes: &[usize]) {
        let numbers: Vec<String> = nodes.iter().map(usize::to_string).collect();
        let words: Vec<&str> = [command]
            .into_iter()
            .chain(numbers.iter().map(String::as_str))
            .collect();
        if let Err(reason) = kafka(&self.name, &words) {
            panic!("{reason}");
        }
    }
}

/// Runs `scripts/kafka --name NAME WORDS…`. Returns its output, or what it complained about.
pub(super) fn kafka(name: &str, words: &[&str]) -> Result<String, String> {
    let mut command = Command::new(script());
    command.args(["--name", name]).args(words);
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("scripts/kafka: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("scripts/kafka {words:?}: {}", complaint.trim()))
}

/// Starts a process that waits for the end of this one and then stops the cluster. Its own session keeps Ctrl-C away.
pub(super) fn sentinel(name: &str) -> Sentinel {
    let wait = "cat >/dev/null; exec \"$0\" --name \"$1\" stop";
    let mut command = Command::new("setsid");
    command.args(["sh", "-c", wait]).arg(script()).arg(name);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Sentinel {
        _process: command.spawn().unwrap(),
    }
}

pub(super) fn script() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "scripts", "kafka"]
        .iter()
        .collect()
}

//! Required topics: plans them, creates missing ones, and verifies them at start-up. Each mismatch names its fix.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::{MetadataPartition, MetadataTopic};

use super::context::QuietContext;
use super::outage::is_outage;
use super::query::{QueryClient, soon, unreachable_at};
use super::refusal::refused;
use super::settings::ClientSettings;
use crate::pipeline::{INTERNAL_PARTITIONS, Plan};
use crate::runtime::{Fault, Heartbeat};

/// Maximum time for the cluster to change topics.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Required state of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Name of the topic.
    pub name: String,
    /// Number of partitions: required for internal topics, used only for creation for others.
    pub partitions: i32,
    /// True if the number of partitions can never change.
    pub fixed: bool,
    /// Replication factor; -1 is the default of the cluster.
    pub replication: i32,
    /// Topic configuration.
    pub config: BTreeMap<&'static str, String>,
}

/// Action that a topic needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Missing: create it.
    Create(TopicSpec),
    /// As required: nothing to do.
    Keep(String),
    /// Different. Only the user can change it.
    Mismatch {
        /// Name of the topic.
        name: String,
        /// Difference, and the command that fixes it.
        fix: String,
    },
}

const DAY_MILLIS: u64 = 86_400_000;

/// All topics of the deployment in their required state.
#[must_use]
pub fn wanted(plan: &Plan, replication: i32) -> Vec<TopicSpec> {
    let topics = &plan.topics;
    let internal =
        |name: &str, config| spec(name, INTERNAL_PARTITIONS as i32, true, replication, config);
    let output = |name: &str, config| spec(name, 1, false, replication, config);
    let outcomes = plan
        .joins()
        .then(|| internal(&topics.outcomes, retained(plan.join.retention_days())));
    let always = [
        internal(&topics.panes, retained(7)),
        internal(&topics.state, compacted()),
        output(&topics.alerts_drift, retained(30)),
        output(&topics.alerts_slo, retained(30)),
        output(&topics.alerts_anomaly, retained(30)),
        output(&topics.reports, retained(30)),
        output(&topics.references, compacted()),
        output(&topics.dead_letters, retained(14)),
    ];
    outcomes.into_iter().chain(always).collect()
}

fn spec(
    name: &str,
    partitions: i32,
    fixed: bool,
    replication: i32,
    config: BTreeMap<&'static str, String>,
) -> TopicSpec {
    TopicSpec {
        name: name.to_owned(),
        partitions,
        fixed,
        replication,
        config,
    }
}

fn retained(days: u64) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("cleanup.policy", "delete".to_owned()),
        ("retention.ms", (days * DAY_MILLIS).to_string()),
    ])
}

/// Without small log segments, a compacted topic with little traffic is never compacted.
fn compacted() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("cleanup.policy", "compact".to_owned()),
        ("segment.bytes", (64 << 20).to_string()),
        ("segment.ms", "3600000".to_owned()),
    ])
}

/// What it means that a topic is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It is created next. If it was created a moment ago, that does no harm.
    IsCreated,
    /// It may have been created a moment ago, so the cluster is asked again for a few seconds.
    MayAppear,
}

/// Compares the topics of the cluster with the required ones.
///
/// # Errors
/// When the cluster does not answer.
pub fn plan_topics(
    settings: &ClientSettings,
    plan: &Plan,
    replication: i32,
    missing: Missing,
) -> Result<Vec<Action>, Fault> {
    let specs = wanted(plan, replication);
    let names: Vec<&String> = specs.iter().map(|spec| &spec.name).collect();
    let existing = match missing {
        Missing::IsCreated => existing(settings, &[])?,
        Missing::MayAppear => existing(settings, &names)?,
    };
    let policies = cleanup_policies(settings, plan, &existing, replication)?;
    let action = |spec: TopicSpec| match existing.get(&spec.name) {
        None => Action::Create(spec),
        Some(found) if spec.fixed && *found != spec.partitions => Action::Mismatch {
            fix: format!(
                "has {found} partitions, but tidegauge needs exactly {}: delete it while no tidegauge runs, or set another `topics.prefix`",
                spec.partitions
            ),
            name: spec.name,
        },
        Some(_) => match (spec.config.get("cleanup.policy"), policies.get(&spec.name)) {
            (Some(wanted), Some(found)) if !found.contains(wanted.as_str()) => Action::Mismatch {
                fix: format!(
                    "has cleanup.policy={found}, but tidegauge needs {wanted}: run kafka-configs.sh --bootstrap-server {} --alter \
                     --entity-type topics --entity-name {} --add-config cleanup.policy={wanted}",
                    settings.brokers, spec.name
                ),
                name: spec.name,
            },
            _ => Action::Keep(spec.name),
        },
    };
    Ok(specs.into_iter().map(action).collect())
}

/// Creates missing topics and returns their names.
///
/// # Errors
/// When the cluster refuses.
pub fn apply(settings: &ClientSettings, actions: &[Action]) -> Result<Vec<String>, Fault> {
    let missing: Vec<&TopicSpec> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Create(spec) => Some(spec),
            _ => None,
        })
        .collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let new: Vec<NewTopic<'_>> = missing.iter().map(|spec| new_topic(spec)).collect();
    let admin = admin(settings)?;
    let options = AdminOptions::new()
        .operation_timeout(Some(ADMIN_TIMEOUT))
        .request_timeout(Some(ADMIN_TIMEOUT));
    let results = block_on(admin.create_topics(&new, &options))?;
    let results = results.map_err(|error| refused_by(settings, &error, "created"))?;
    for result in results {
        match result {
            // Two processes may start together and both create topics. The second finds them existing, which is fine.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => {
                return Err(Fault::Fatal(format!(
                    "topic {name} cannot be created: {code}; create it by hand as `tidegauge topics plan` shows"
                )));
            }
        }
    }
    await_leaders(settings, &missing)?;
    Ok(missing.iter().map(|spec| spec.name.clone()).collect())
}

/// Waits until all brokers know a topic that was just created. A group that subscribes too early works without it.
fn await_leaders(settings: &ClientSettings, created: &[&TopicSpec]) -> Result<(), Fault> {
    let deadline = Instant::now() + ADMIN_TIMEOUT;
    let client = client(settings)?;
    let is_led = |known: &BTreeMap<String, i32>, spec: &TopicSpec| {
        known
            .get(&spec.name)
            .is_some_and(|led| *led >= spec.partitions)
    };
    loop {
        let known = partitions(&client, |partition| partition.leader() >= 0)?;
        match created.iter().find(|spec| !is_led(&known, spec)) {
            None => return Ok(()),
            Some(spec) if Instant::now() > deadline => {
                return Err(Fault::Fatal(format!(
                    "topic {} was created, but its partitions have no leaders: check the health of the cluster",
                    spec.name
                )));
            }
            Some(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn new_topic(spec: &TopicSpec) -> NewTopic<'_> {
    let new = NewTopic::new(
        &spec.name,
        spec.partitions,
        TopicReplication::Fixed(spec.replication),
    );
    spec.config
        .iter()
        .fold(new, |new, (key, value)| new.set(key, value))
}

/// Checks that the input topics exist. They are never created. Waits a few seconds for a missing one, because it may have
/// been created a moment ago.
///
/// # Errors
/// Text with the missing topic.
pub fn verify_inputs(settings: &ClientSettings, plan: &Plan) -> Result<(), Fault> {
    let topics = &plan.topics;
    let names: Vec<&String> = topics.inputs().collect();
    let existing = existing(settings, &names)?;
    match names.iter().find(|topic| !existing.contains_key(**topic)) {
        None => Ok(()),
        Some(missing) => Err(Fault::Fatal(format!(
            "input topic {missing} does not exist on {}: create it, or correct `topics.{}` (tidegauge never creates input topics)",
            settings.brokers,
            if topics.labels.contains(missing) {
                "labels"
            } else {
                "predictions"
            },
        ))),
    }
}

/// Number of partitions of every topic of the cluster. Waits a few seconds while one of `expected` is missing.
fn existing(
    settings: &ClientSettings,
    expected: &[&String],
) -> Result<BTreeMap<String, i32>, Fault> {
    let client = client(settings)?;
    let mut known = BTreeMap::new();
    soon(|| {
        known = partitions(&client, |_| true)?;
        let is_complete = expected.iter().all(|name| known.contains_key(*name));
        Ok(is_complete.then_some(()))
    })?;
    Ok(known)
}

/// Client that asks for topics.
fn client(settings: &ClientSettings) -> Result<QueryClient, Fault> {
    QueryClient::create(&settings.probe(), &settings.brokers, &Heartbeat::default())
}

/// Number of partitions of every topic of the cluster for which `counted` is true.
fn partitions(
    client: &QueryClient,
    counted: impl Fn(&MetadataPartition) -> bool,
) -> Result<BTreeMap<String, i32>, Fault> {
    let metadata = client.metadata(None)?;
    let of_topic = |topic: &MetadataTopic| {
        let count = topic.partitions().iter().filter(|p| counted(p)).count();
        (
            topic.name().to_owned(),
            i32::try_from(count).unwrap_or(i32::MAX),
        )
    };
    Ok(metadata.topics().iter().map(of_topic).collect())
}

fn cleanup_policies(
    settings: &ClientSettings,
    plan: &Plan,
    existing: &BTreeMap<String, i32>,
    replication: i32,
) -> Result<BTreeMap<String, String>, Fault> {
    let present: Vec<TopicSpec> = wanted(plan, replication)
        .into_iter()
        .filter(|spec| existing.contains_key(&spec.name))
        .collect();
    if present.is_empty() {
        return Ok(BTreeMap::new());
    }
    let admin = admin(settings)?;
    let resources: Vec<ResourceSpecifier<'_>> = present
        .iter()
        .map(|spec| ResourceSpecifier::Topic(&spec.name))
        .collect();
    let options = AdminOptions::new().request_timeout(Some(ADMIN_TIMEOUT));
    let described = block_on(admin.describe_configs(&resources, &options))?;
    let described = described.map_err(|error| refused_by(settings, &error, "described"))?;
    let policy = |resource: ConfigResource| {
        let value = resource.get("cleanup.policy")?.value.clone()?;
        match resource.specifier {
            rdkafka::admin::OwnedResourceSpecifier::Topic(name) => Some((name, value)),
            _ => None,
        }
    };
    Ok(described
        .into_iter()
        .filter_map(Result::ok)
        .filter_map(policy)
        .collect())
}

fn admin(settings: &ClientSettings) -> Result<AdminClient<QuietContext>, Fault> {
    let client: Result<AdminClient<QuietContext>, KafkaError> =
        AdminClient::from_config_and_context(&settings.admin(), QuietContext::default());
    client.map_err(|error| refused(&error))
}

/// Fault of a request about topics that failed as a whole. An outage passes.
fn refused_by(settings: &ClientSettings, error: &KafkaError, done: &str) -> Fault {
    if is_outage(error) {
        return unreachable_at(&settings.brokers, None, error);
    }
    Fault::Fatal(format!("topics cannot be {done}: {error}"))
}

/// Waits for one request. The administration interface of the client is asynchronous.
fn block_on<T>(request: impl Future<Output = T>) -> Result<T, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Fault::Fatal(format!(
            "cannot start the runtime for an admin request: {error}"
        ))
    })?;
    Ok(runtime.block_on(request))
}

//! Required topics: plans them, creates missing ones, and verifies them at start-up. Each mismatch names its fix.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::{MetadataPartition, MetadataTopic};

use super::admin::{ADMIN_TIMEOUT, admin, block_on, client, refused_by};
use super::policies::cleanup_policies;
use super::query::{QueryClient, soon};
use super::rights::{Principal, Right};
use super::settings::ClientSettings;
use super::topic_spec::{TopicSpec, wanted};
use crate::pipeline::Plan;
use crate::runtime::Fault;

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
    let policies = cleanup_policies(settings, &specs, &existing)?;
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
            Ok(_) => {}
            // Two processes may start together and both create topics. The second finds them existing, which is fine. Or
            // the topic was there all the time, but the principal may not see it.
            Err((name, RDKafkaErrorCode::TopicAlreadyExists)) => {
                if let Some(spec) = missing.iter().find(|spec| spec.name == name) {
                    client(settings)?.check_visible(&name, &spec.needed())?;
                }
            }
            Err((name, RDKafkaErrorCode::TopicAuthorizationFailed)) => {
                return Err(Principal::of(settings).lacks(&Right::CreateTopic(name)));
            }
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
    let Some(missing) = names.iter().find(|topic| !existing.contains_key(**topic)) else {
        return Ok(());
    };
    let right = Right::ReadTopic((*missing).clone());
    client(settings)?.check_visible(missing, &right)?;
    Err(Fault::Fatal(format!(
        "input topic {missing} does not exist on {}: create it, or correct `topics.{}` (tidegauge never creates input topics)",
        settings.brokers,
        if topics.labels.contains(missing) {
            "labels"
        } else {
            "predictions"
        },
    )))
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

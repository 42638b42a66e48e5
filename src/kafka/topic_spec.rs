//! Required state of each topic of a deployment.

use std::collections::BTreeMap;

use super::rights::Right;
use crate::pipeline::{INTERNAL_PARTITIONS, Plan};

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
    /// True if the processes read it and never write it.
    pub is_read: bool,
    /// Topic configuration.
    pub config: BTreeMap<&'static str, String>,
}

impl TopicSpec {
    /// Right that the processes need on the topic.
    pub fn needed(&self) -> Right {
        let name = self.name.clone();
        if self.is_read {
            Right::ReadTopic(name)
        } else if self.fixed {
            Right::ReadWriteTopic(name)
        } else {
            Right::WriteTopic(name)
        }
    }
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
        control(&topics.control, replication),
        output(&topics.alerts_drift, retained(30)),
        output(&topics.alerts_slo, retained(30)),
        output(&topics.alerts_anomaly, retained(30)),
        output(&topics.reports, retained(30)),
        output(&topics.references, compacted()),
        output(&topics.dead_letters, retained(14)),
    ];
    outcomes.into_iter().chain(always).collect()
}

/// One partition: an operator gives few orders, and their order counts.
fn control(name: &str, replication: i32) -> TopicSpec {
    TopicSpec {
        is_read: true,
        ..spec(name, 1, false, replication, compacted())
    }
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
        is_read: false,
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

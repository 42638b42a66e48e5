//! `topics`: what is read, what is written, and under which names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use crate::pipeline;

/// Topics that are read and written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TopicsConfig {
    /// Input topics with predictions. They must exist; `LogAppendTime` is recommended for them, since under `CreateTime` one
    /// producer's bad clock also sets the time it is checked against.
    pub predictions: Vec<String>,
    /// Input topics with labels: what predictions should have been, minutes to months later. They must exist. None by default: then there is no
    /// quality, and objectives on labels are refused.
    pub labels: Vec<String>,
    /// Input topics that this deployment has read and reads no more. Until it is named here, the clock waits for a topic that
    /// was ever read, because silence never excludes a source.
    pub retired: Vec<String>,
    /// What the names of all topics that Tidegauge writes begin with. Part of the deployment's identity: another prefix is
    /// another state, learned anew.
    pub prefix: String,
    /// The topic of drift alerts, if it is not to be `{prefix}.alerts.drift`. For example `ml.alerts`.
    pub alerts_drift: Option<String>,
    /// The topic of alerts about objectives, if it is not to be `{prefix}.alerts.slo`. For example `ml.alerts`.
    pub alerts_slo: Option<String>,
    /// The topic of data-quality, volume and integrity alerts, if it is not to be `{prefix}.alerts.anomaly`. It may be the same as the
    /// one for drift. For example `ml.alerts`.
    pub alerts_anomaly: Option<String>,
    /// The topic of each window's summary per subject, if it is not to be `{prefix}.reports`. For example `ml.reports`.
    pub reports: Option<String>,
    /// The compacted topic of learned references, if it is not to be `{prefix}.references`. For example `ml.references`.
    pub references: Option<String>,
    /// The topic of refused records, if it is not to be `{prefix}.dead-letters`. For example `ml.dead-letters`.
    pub dead_letters: Option<String>,
    /// Whether `run` creates internal and output topics that are missing. Where clients may not create topics, set it to false and
    /// use `tidegauge topics plan` to see what is needed.
    pub create: bool,
    /// Replicas of each topic that is created; unset, the broker's own default. Three in production: the state of a deployment is
    /// as safe as its topics. For example `3`.
    pub replication: Option<u16>,
}

impl Default for TopicsConfig {
    fn default() -> Self {
        Self {
            predictions: vec!["predictions".to_owned()],
            labels: Vec::new(),
            retired: Vec::new(),
            prefix: "tidegauge".to_owned(),
            alerts_drift: None,
            alerts_slo: None,
            alerts_anomaly: None,
            reports: None,
            references: None,
            dead_letters: None,
            create: true,
            replication: None,
        }
    }
}

/// The longest name that Kafka takes, in bytes.
const NAME_BYTES_MAX: usize = 249;
/// The longest prefix, in bytes: it leaves room for what follows.
const PREFIX_BYTES_MAX: usize = 200;

impl TopicsConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> pipeline::Topics {
        let missing = "no input topic is named";
        faults.require(
            !self.predictions.is_empty(),
            "topics.predictions",
            missing,
            "name at least one",
        );
        if self.replication == Some(0) {
            faults.add(
                "topics.replication",
                "0 replicas keep nothing",
                "use 1 or more, 3 in production",
            );
        }
        let names = self.names();
        self.check_names(&names, faults);
        self.check_apart(&names, faults);
        names
    }

    fn names(&self) -> pipeline::Topics {
        let prefixed = |name: &str| format!("{}.{name}", self.prefix);
        let or_prefixed =
            |own: &Option<String>, name: &str| own.clone().unwrap_or_else(|| prefixed(name));
        pipeline::Topics {
            predictions: self.predictions.clone(),
            labels: self.labels.clone(),
            retired: self.retired.clone(),
            outcomes: prefixed("outcomes.v1"),
            panes: prefixed("panes.v1"),
            state: prefixed("state.v1"),
            alerts_drift: or_prefixed(&self.alerts_drift, "alerts.drift"),
            alerts_slo: or_prefixed(&self.alerts_slo, "alerts.slo"),
            alerts_anomaly: or_prefixed(&self.alerts_anomaly, "alerts.anomaly"),
            reports: or_prefixed(&self.reports, "reports"),
            references: or_prefixed(&self.references, "references"),
            dead_letters: or_prefixed(&self.dead_letters, "dead-letters"),
        }
    }

    fn check_names(&self, names: &pipeline::Topics, faults: &mut ConfigFaults) {
        if !is_topic(&self.prefix) || self.prefix.len() > PREFIX_BYTES_MAX {
            let fix = "use at most 200 of the letters a-z, A-Z, 0-9, `.`, `_` and `-`";
            return faults.add(
                "topics.prefix",
                format!("`{}` cannot begin a topic's name", self.prefix),
                fix,
            );
        }
        for (path, name) in written(names).into_iter().chain(read(names)) {
            let fix = "use at most 249 of the letters a-z, A-Z, 0-9, `.`, `_` and `-`";
            faults.require(
                is_topic(name),
                &path,
                format!("`{name}` is no name of a topic"),
                fix,
            );
        }
    }

    /// Two roles must not share a topic (they would read each other's records), except that all alerts may go to one.
    fn check_apart(&self, names: &pipeline::Topics, faults: &mut ConfigFaults) {
        let mut roles: BTreeMap<&str, String> = BTreeMap::new();
        for (path, name) in read(names).into_iter().chain(written(names)) {
            let together = |other: &String| other.contains("alerts_") && path.contains("alerts_");
            match roles.get(name) {
                Some(other) if !together(other) => {
                    faults.add(
                        &path,
                        format!("`{name}` is also {other}"),
                        "give each its own topic",
                    );
                }
                _ => {
                    roles.insert(name, path);
                }
            }
        }
    }
}

fn read(names: &pipeline::Topics) -> Vec<(String, &str)> {
    let inputs = [
        ("predictions", &names.predictions),
        ("labels", &names.labels),
    ];
    inputs
        .into_iter()
        .flat_map(|(key, topics)| {
            let path = move |(i, name)| (format!("topics.{key}[{i}]"), String::as_str(name));
            topics.iter().enumerate().map(path)
        })
        .collect()
}

fn written(names: &pipeline::Topics) -> Vec<(String, &str)> {
    [
        ("outcomes", &names.outcomes),
        ("panes", &names.panes),
        ("state", &names.state),
        ("alerts_drift", &names.alerts_drift),
        ("alerts_slo", &names.alerts_slo),
        ("alerts_anomaly", &names.alerts_anomaly),
        ("reports", &names.reports),
        ("references", &names.references),
        ("dead_letters", &names.dead_letters),
    ]
    .map(|(key, name)| (format!("topics.{key}"), name.as_str()))
    .to_vec()
}

fn is_topic(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.chars().all(letters)
        && name != "."
        && name != ".."
}

//! `topics`: names of the topics that are read and written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use crate::pipeline;

/// Topics that are read and written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TopicsConfig {
    /// Input topics with predictions. They must exist. We recommend `LogAppendTime` for them: event time is checked
    /// against the record's timestamp, and under `CreateTime` a producer with a wrong clock sets both.
    pub predictions: Vec<String>,
    /// Input topics with labels: the ground truth of predictions, which arrives minutes to months later. They must
    /// exist. The default is none: then no quality is computed, and objectives on labels are refused.
    pub labels: Vec<String>,
    /// Input topics that this deployment once read and no longer reads. A topic that was read holds the clock until it
    /// is listed here, because a silent source is never excluded.
    pub retired: Vec<String>,
    /// Prefix of the names of all topics that Tidegauge writes. It identifies the deployment: with another prefix
    /// Tidegauge starts with an empty state and learns again.
    pub prefix: String,
    /// Topic of drift alerts. If unset, `{prefix}.alerts.drift`. For example `ml.alerts`.
    pub alerts_drift: Option<String>,
    /// Topic of alerts about objectives. If unset, `{prefix}.alerts.slo`. For example `ml.alerts`.
    pub alerts_slo: Option<String>,
    /// Topic of data-quality, volume and integrity alerts. If unset, `{prefix}.alerts.anomaly`. All alerts may share
    /// one topic. For example `ml.alerts`.
    pub alerts_anomaly: Option<String>,
    /// Topic of reports: the summary of each window per subject. If unset, `{prefix}.reports`. For example
    /// `ml.reports`.
    pub reports: Option<String>,
    /// Compacted topic of learned references. If unset, `{prefix}.references`. For example `ml.references`.
    pub references: Option<String>,
    /// Topic of rejected records. If unset, `{prefix}.dead-letters`. For example `ml.dead-letters`.
    pub dead_letters: Option<String>,
    /// If true, `run` creates internal and output topics that are missing. If clients may not create topics, set it to
    /// false; `tidegauge topics plan` shows which topics are needed.
    pub create: bool,
    /// Number of replicas of each topic that Tidegauge creates. If unset, the default of the broker. Use 3 in
    /// production, because the state of a deployment is as safe as its topics. For example `3`.
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

/// Maximum length of a topic name in Kafka, in bytes.
const NAME_BYTES_MAX: usize = 249;
/// Maximum length of the prefix, in bytes. It leaves room for the rest of a topic name.
const PREFIX_BYTES_MAX: usize = 200;

impl TopicsConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> pipeline::Topics {
        let missing = "no input topic is set";
        faults.require(
            !self.predictions.is_empty(),
            "topics.predictions",
            missing,
            "list at least one",
        );
        if self.replication == Some(0) {
            faults.add(
                "topics.replication",
                "0 replicas would store nothing",
                "use 1 or more, 3 in production",
            );
        }
        let names = self.names();
        self.check_names(&names, faults);
        self.check_apart(&names, faults);
        check_retired(&names, faults);
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
            control: prefixed("control"),
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
            let fix = "use at most 200 characters out of a-z, A-Z, 0-9, `.`, `_` and `-`";
            return faults.add(
                "topics.prefix",
                format!("`{}` is not a valid prefix of topic names", self.prefix),
                fix,
            );
        }
        for (path, name) in written(names).into_iter().chain(read(names)) {
            let fix = "use at most 249 characters out of a-z, A-Z, 0-9, `.`, `_` and `-`";
            faults.require(
                is_topic(name),
                &path,
                format!("`{name}` is not a valid topic name"),
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
                        format!("`{name}` is also the topic of {other}"),
                        "use different topics",
                    );
                }
                _ => {
                    roles.insert(name, path);
                }
            }
        }
    }
}

/// A topic that is read must not be retired, too: nothing would wait for it, and nothing of it would be judged.
fn check_retired(names: &pipeline::Topics, faults: &mut ConfigFaults) {
    let read: BTreeMap<&str, String> = read(names)
        .into_iter()
        .map(|(path, name)| (name, path))
        .collect();
    for (i, name) in names.retired.iter().enumerate() {
        if let Some(path) = read.get(name.as_str()) {
            let wrong = format!("`{name}` is also read, as {path}");
            let fix = "remove it from one of the two";
            faults.add(&format!("topics.retired[{i}]"), wrong, fix);
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
        ("control", &names.control),
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

//! Published records of a deployment, in a form that can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Deployment;
use crate::support::{Header, Isolation, Received, wait_for};

/// Published record as in promise P2: key, value without `provenance`, headers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Published {
    pub topic: &'static str,
    pub key: String,
    pub headers: Vec<(String, String)>,
    pub value: String,
}

/// Everything that was published.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    pub reports: Vec<Published>,
    pub alerts: Vec<Published>,
    pub references: Vec<Published>,
}

impl Outcome {
    /// Reads what a committed reader sees now.
    pub fn of(deployment: &Deployment) -> Self {
        let read = |name: &'static str| {
            let records = deployment
                .broker
                .read(&deployment.topic(name), Isolation::Committed);
            records
                .iter()
                .map(|r| published(name, r))
                .collect::<Vec<_>>()
        };
        let mut alerts = read("alerts.drift");
        alerts.extend(read("alerts.anomaly"));
        alerts.extend(read("alerts.slo"));
        Self {
            reports: read("reports"),
            alerts,
            references: read("references"),
        }
    }

    /// Asserts that nothing was published twice.
    #[track_caller]
    pub fn assert_no_duplicates(&self) {
        for (what, records) in self.kinds() {
            let distinct: BTreeSet<&Published> = records.iter().collect();
            assert_eq!(
                distinct.len(),
                records.len(),
                "{what}: some record was published twice"
            );
        }
        let windows: BTreeSet<[String; 3]> = self.reports.iter().map(window_of).collect();
        assert_eq!(
            windows.len(),
            self.reports.len(),
            "a window was reported twice"
        );
    }

    /// Asserts that both contain the same records, as sets.
    #[track_caller]
    pub fn assert_same(&self, other: &Self, difference: &str) {
        for ((what, ours), (_, theirs)) in self.kinds().into_iter().zip(other.kinds()) {
            assert_same_set(&format!("{what}, {difference}"), ours, theirs);
        }
    }

    fn kinds(&self) -> [(&'static str, &[Published]); 3] {
        [
            ("reports", &self.reports),
            ("alerts", &self.alerts),
            ("references", &self.references),
        ]
    }

    /// Alerts as JSON.
    pub fn alert_values(&self) -> Vec<Value> {
        self.alerts
            .iter()
            .map(|alert| serde_json::from_str(&alert.value).unwrap())
            .collect()
    }
}

#[track_caller]
fn assert_same_set(what: &str, ours: &[Published], theirs: &[Published]) {
    let count = |records: &[Published]| {
        let mut counts = BTreeMap::new();
        records
            .iter()
            .for_each(|r| *counts.entry(r.clone()).or_insert(0_usize) += 1);
        counts
    };
    let (ours, theirs) = (count(ours), count(theirs));
    let only_ours: Vec<_> = ours
        .iter()
        .filter(|(r, n)| theirs.get(r) != Some(n))
        .collect();
    let only_theirs: Vec<_> = theirs
        .iter()
        .filter(|(r, n)| ours.get(r) != Some(n))
        .collect();
    assert!(
        only_ours.is_empty() && only_theirs.is_empty(),
        "{what}: {} of {} and {} of {} differ; first: {:.3000}\n--- and ---\n{:.3000}",
        only_ours.len(),
        ours.len(),
        only_theirs.len(),
        theirs.len(),
        format!("{:?}", only_ours.first()),
        format!("{:?}", only_theirs.first()),
    );
}

/// Window of a report: its key, its end, and its age, for days that are reported again as they grow older.
fn window_of(report: &Published) -> [String; 3] {
    let value: Value = serde_json::from_str(&report.value).unwrap();
    let (end, age) = (&value["window"]["end"], &value["age"]);
    [report.key.clone(), end.to_string(), age.to_string()]
}

fn published(topic: &'static str, record: &Received) -> Published {
    let mut value: Value =
        serde_json::from_slice(record.value.as_deref().unwrap_or(b"null")).unwrap();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("provenance");
    }
    let header = |header: &Header| match header {
        Header::Named(name, value) => (
            name.clone(),
            String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned(),
        ),
        Header::Unreadable => ("unreadable".to_owned(), String::new()),
    };
    Published {
        topic,
        key: String::from_utf8(record.key.clone().unwrap_or_default()).unwrap(),
        headers: record.headers.iter().map(header).collect(),
        value: value.to_string(),
    }
}

/// Waits until the last windows of the given models, which end at `end` (milliseconds), are reported. Returns the time
/// it took.
#[track_caller]
pub fn await_end(
    deployment: &Deployment,
    models: &[&str],
    end: i64,
    deadline: Duration,
) -> Duration {
    let begun = Instant::now();
    let prefix = &deployment.prefix;
    let what = format!("reports of {models:?} up to {} in {prefix}", rfc3339(end));
    wait_for(&what, deadline, || {
        std::thread::sleep(Duration::from_millis(400));
        is_at_end(deployment, models, end).then_some(())
    });
    begun.elapsed()
}

/// True if the last windows of the given models, which end at `end` (milliseconds), are reported.
pub fn is_at_end(deployment: &Deployment, models: &[&str], end: i64) -> bool {
    let topic = deployment.topic("reports");
    if deployment.broker.partitions(&topic).is_none() {
        return false;
    }
    let instant = rfc3339(end);
    let reports = deployment.broker.read_now(&topic, Isolation::Committed);
    models.iter().all(|model| {
        reports.iter().rev().any(|report| {
            let text = report.text();
            text.contains(&format!("\"model\":\"{model}\""))
                && text.contains(&format!("\"end\":\"{instant}\""))
        })
    })
}

/// Formats a time as in the published records.
pub fn rfc3339(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis)
        .unwrap()
        .to_string()
}

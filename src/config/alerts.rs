//! `alerts`: how findings become alerts, and what every alert carries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use crate::alert;

/// How findings become alerts, and what every alert carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// How long a breach must last before it fires, in whole minutes of event time, at most 7d. 0s by default, because the false-alarm budget
    /// already counts every judgement: holding would only delay.
    pub hold: Period,
    /// How long a firing cause must be clear before it resolves, in whole minutes of event time, at most 7d. Keeps one incident one alert.
    pub keep_firing: Period,
    /// Publish every alert with `severity: none`, so that nobody is paged: for the first weeks beside an existing monitor.
    pub dry_run: bool,
    /// The page that every alert points to for what to do. For example `https://wiki.example.com/model-alerts`.
    pub runbook_url: Option<String>,
    /// Labels added to every alert, for routing; names as Alertmanager takes them. For example `{team: fraud}`.
    pub labels: BTreeMap<String, String>,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            hold: Period::minutes(0),
            keep_firing: Period::minutes(15),
            dry_run: false,
            runbook_url: None,
            labels: BTreeMap::new(),
        }
    }
}

/// Labels that every alert sets itself.
const OWN_LABELS: [&str; 5] = ["alertname", "severity", "model", "version", "kind"];

impl AlertsConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> alert::AlertSettings {
        let url = self.runbook_url.as_deref().unwrap_or("https://");
        let wrong = format!("`{url}` is no link");
        let is_link = url.starts_with("https://") || url.starts_with("http://");
        faults.require(
            is_link,
            "alerts.runbook_url",
            wrong,
            "begin it with https:// or http://",
        );
        self.check_labels(faults);
        alert::AlertSettings {
            hold_minutes: minutes("alerts.hold", self.hold, faults),
            keep_firing_minutes: minutes("alerts.keep_firing", self.keep_firing, faults),
            dry_run: self.dry_run,
            runbook_url: self.runbook_url.clone(),
            labels: self.labels.clone(),
        }
    }

    fn check_labels(&self, faults: &mut ConfigFaults) {
        for name in self.labels.keys() {
            let path = format!("alerts.labels.{name}");
            if OWN_LABELS.contains(&name.as_str()) {
                faults.add(
                    &path,
                    "every alert sets this label itself",
                    "use another name",
                );
            }
            let fix = "use letters, digits and `_`, not a digit first";
            faults.require(
                is_label(name),
                &path,
                "Alertmanager takes no such name",
                fix,
            );
        }
    }
}

fn is_label(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(letters) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
}

fn minutes(path: &str, period: Period, faults: &mut ConfigFaults) -> i64 {
    let minutes = period.as_minutes().filter(|_| period <= Period::days(7));
    let wrong = format!("{period} is not 0s to 7d in whole minutes");
    faults.require(minutes.is_some(), path, wrong, "use 0s, 15m, 1h …");
    minutes.unwrap_or(0)
}

//! `alerts`: how findings become alerts, and what every alert carries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use super::period_range::PeriodRange;
use crate::alert;

/// How findings become alerts, and what every alert carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// How long a breach must last before its alert fires: whole minutes of event time, 0s to 7d. The default is 0s,
    /// because the false-alarm budget already counts every evaluation; a hold would only delay the alert.
    pub hold: Period,
    /// How long a firing cause must be quiet before it resolves: whole minutes of event time, 0s to 7d. It keeps one
    /// incident in one alert.
    pub keep_firing: Period,
    /// Number of alerts of one model and kind that may come and go by themselves within two hours in 30 days, 0 to 16. From
    /// this number on, a breach of the model must last as long as its window, at most an hour, before its alert fires; each
    /// further one doubles that, up to two hours. So a model that jumps does not page for ever. 0 allows any number.
    pub transients: u64,
    /// If true, every alert is published with `severity: none`, so that it pages nobody. Use it for the first weeks
    /// beside an existing monitor.
    pub dry_run: bool,
    /// Link that every alert carries to a page that says what to do. For example
    /// `https://wiki.example.com/model-alerts`.
    pub runbook_url: Option<String>,
    /// Labels that are added to every alert, for routing. Names must follow Alertmanager's rules for label names. For
    /// example `{team: fraud}`.
    pub labels: BTreeMap<String, String>,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            hold: Period::minutes(0),
            keep_firing: Period::minutes(15),
            transients: 3,
            dry_run: false,
            runbook_url: None,
            labels: BTreeMap::new(),
        }
    }
}

/// Accepted values of `hold` and `keep_firing`.
const LENGTHS: PeriodRange = PeriodRange {
    from: Period::minutes(0),
    to: Period::days(7),
    step: Period::minutes(1),
};

/// Labels that Tidegauge sets on every alert.
const OWN_LABELS: [&str; 5] = ["alertname", "severity", "model", "version", "kind"];

impl AlertsConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> alert::AlertSettings {
        let url = self.runbook_url.as_deref().unwrap_or("https://");
        let wrong = format!("`{url}` is not a URL");
        let is_link = url.starts_with("https://") || url.starts_with("http://");
        faults.require(
            is_link,
            "alerts.runbook_url",
            wrong,
            "start it with https:// or http://",
        );
        self.check_labels(faults);
        faults.require_within("alerts.transients", &self.transients, 0..=16);
        alert::AlertSettings {
            hold_minutes: LENGTHS
                .minutes("alerts.hold", self.hold, faults)
                .unwrap_or(0),
            keep_firing_minutes: LENGTHS
                .minutes("alerts.keep_firing", self.keep_firing, faults)
                .unwrap_or(0),
            transients_allowed: self.transients,
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
                    "Tidegauge sets this label on every alert",
                    "use another name",
                );
            }
            let fix = "use letters, digits and `_`, and no digit at the start";
            faults.require(
                is_label(name),
                &path,
                "Alertmanager does not accept this label name",
                fix,
            );
        }
    }
}

fn is_label(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(letters) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
}

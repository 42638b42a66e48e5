//! `detect`: when a window is a breach.

use serde::{Deserialize, Serialize};

use super::fault::{ConfigFaults, nearest};
use crate::detect;
use crate::detect::SubjectPattern;

/// Patterns under `exclude`, at most: each is compared with every learned subject each quarter of an hour.
const EXCLUDE_MAX: usize = 1_000;

/// When a window is a breach. A finding alerts only if it is statistically significant under the false-alarm budget and
/// large enough to matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectConfig {
    /// Accepted number of false drift alerts per model in 30 days of event time, above 0 and at most 100. All subjects,
    /// windows and evaluations share this budget, so more features do not mean more false alarms.
    pub false_alarms_per_30_days: f64,
    /// Minimum number of events in a window, 30 to 1000000000. With fewer events the window's verdict is `insufficient
    /// data`, and the next longer window judges; the window has no report, unless it is of the longest length that
    /// reports. With few events, few groups are compared, and only a large shift can be told from chance.
    pub events_min: u64,
    /// Smallest population stability index (less its value by chance, in nats) at which a significant drift alerts, 0.01
    /// to 10. 0.04 is a shift by about 0.2 standard deviations; by convention 0.1 is a "moderate" drift. What is ordinary
    /// for a subject raises this threshold further.
    pub psi_min: f64,
    /// Smallest population stability index at which a drift alert is critical: at least `psi_min`, at most 10.
    pub psi_critical: f64,
    /// Names of detectors that are switched off. For example `[surge]`.
    pub disabled: Vec<String>,
    /// Subjects that open no alerts, at most 1000. Each is a published name (`latency_ms`, `feature:amount`) or the own name of
    /// a feature; `*` stands for any characters. For example `[row_number, "*_id"]`. They are still counted, judged and
    /// reported, take no part of the false-alarm budget, and are listed in `/status`. It applies to all models. A pattern that
    /// matches nothing is named in the log and in `/status` once a reference is learned.
    pub exclude: Vec<String>,
}

impl Default for DetectConfig {
    fn default() -> Self {
        let detect::DetectorSettings {
            false_alarms_per_30_days,
            events_min,
            psi_min,
            psi_critical,
            disabled,
            exclude,
        } = detect::DetectorSettings::default();
        Self {
            false_alarms_per_30_days,
            events_min,
            psi_min,
            psi_critical,
            disabled,
            exclude: exclude.iter().map(|own| own.text().to_owned()).collect(),
        }
    }
}

impl DetectConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> detect::DetectorSettings {
        let budget = self.false_alarms_per_30_days;
        let wrong = format!("{budget} is out of range");
        let fix = "use a number above 0 and at most 100, where 1 means one false alarm in 30 days";
        faults.require(
            budget > 0.0 && budget <= 100.0,
            "detect.false_alarms_per_30_days",
            wrong,
            fix,
        );
        faults.require_within("detect.events_min", &self.events_min, 30..=1_000_000_000);
        faults.require_within("detect.psi_min", &self.psi_min, 0.01..=10.0);
        faults.require_within("detect.psi_critical", &self.psi_critical, 0.01..=10.0);
        let wrong = format!(
            "{} is below detect.psi_min, {}",
            self.psi_critical, self.psi_min
        );
        let fix = "use detect.psi_min or more";
        faults.require(
            self.psi_critical >= self.psi_min,
            "detect.psi_critical",
            wrong,
            fix,
        );
        self.check_disabled(faults);
        self.check_exclude(faults);
        self.settings()
    }

    fn check_disabled(&self, faults: &mut ConfigFaults) {
        let known: Vec<&str> = detect::DETECTORS
            .iter()
            .map(|d| d.name())
            .chain(["volume"])
            .collect();
        for (i, name) in self.disabled.iter().enumerate() {
            let fix = match nearest(name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("use one of {}", known.join(", ")),
            };
            let wrong = format!("no detector is named `{name}`");
            faults.require(
                known.contains(&name.as_str()),
                &format!("detect.disabled[{i}]"),
                wrong,
                &fix,
            );
        }
    }

    fn check_exclude(&self, faults: &mut ConfigFaults) {
        let count = self.exclude.len();
        faults.require(
            count <= EXCLUDE_MAX,
            "detect.exclude",
            format!("{count} patterns are too many"),
            "use at most 1000; one `*` names many subjects",
        );
        for (i, text) in self.exclude.iter().enumerate() {
            let key = format!("detect.exclude[{i}]");
            let known = SubjectPattern::new(text).is_some();
            let wrong = format!("`{text}` names every subject or none");
            let fix = "write at least one letter of a name, or switch detectors off under detect.disabled";
            faults.require(known, &key, wrong, fix);
            faults.require(
                text != "feature:",
                &key,
                "`feature:` names no feature",
                "write the name of a feature behind it, or `feature:*` for all",
            );
            let wrong = format!("`{text}` is no subject that is compared with a reference");
            let fix = "remove it: detectors open no alerts on it";
            let is_other = ["objective:", "evaluation:"]
                .iter()
                .any(|kind| text.starts_with(kind));
            faults.require(!is_other, &key, wrong, fix);
        }
    }

    fn settings(&self) -> detect::DetectorSettings {
        detect::DetectorSettings {
            false_alarms_per_30_days: self.false_alarms_per_30_days,
            events_min: self.events_min,
            psi_min: self.psi_min,
            psi_critical: self.psi_critical,
            disabled: self.disabled.clone(),
            exclude: self
                .exclude
                .iter()
                .filter_map(|own| SubjectPattern::new(own))
                .collect(),
        }
    }
}

//! `detect`: when a window is judged to be in trouble.

use serde::{Deserialize, Serialize};

use super::fault::{ConfigFaults, nearest};
use crate::detect;

/// When a window is in trouble: a finding alerts only if it is significant under the false-alarm budget and large enough to matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectConfig {
    /// False drift alerts that are accepted per model in 30 days of event time, above 0 to 100. It is shared among all subjects, windows and
    /// judgements, so more features do not mean more false alarms.
    pub false_alarms_per_30_days: f64,
    /// Events a window must hold to be judged, 30 to 1000000000; with fewer it says `insufficient data`, and the next longer window judges.
    /// Below 200 the distances are mostly noise.
    pub events_min: u64,
    /// Population stability index (adjusted for sample size, in nats) from which a significant drift matters, 0.01 to 10. 0.1 is the usual
    /// "moderate"; the model's own learned variation raises it further.
    pub psi_min: f64,
    /// The same from which a drift is critical; at least `psi_min`, at most 10.
    pub psi_critical: f64,
    /// Detectors that are switched off, by name. For example `[surge]`.
    pub disabled: Vec<String>,
}

impl Default for DetectConfig {
    fn default() -> Self {
        let detect::DetectorSettings {
            false_alarms_per_30_days,
            events_min,
            psi_min,
            psi_critical,
            disabled,
        } = detect::DetectorSettings::default();
        Self {
            false_alarms_per_30_days,
            events_min,
            psi_min,
            psi_critical,
            disabled,
        }
    }
}

impl DetectConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> detect::DetectorSettings {
        let budget = self.false_alarms_per_30_days;
        let wrong = format!("{budget} is out of range");
        let fix = "use more than 0 and at most 100; 1 is one false alarm a month";
        faults.require(
            budget > 0.0 && budget <= 100.0,
            "detect.false_alarms_per_30_days",
            wrong,
            fix,
        );
        faults.require_within("detect.events_min", &self.events_min, 30..=1_000_000_000);
        faults.require_within("detect.psi_min", &self.psi_min, 0.01..=10.0);
        faults.require_within("detect.psi_critical", &self.psi_critical, 0.01..=10.0);
        let wrong = format!("{} is below psi_min, {}", self.psi_critical, self.psi_min);
        let fix = "use psi_min or more";
        faults.require(
            self.psi_critical >= self.psi_min,
            "detect.psi_critical",
            wrong,
            fix,
        );
        self.check_disabled(faults);
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
                None => format!("there are {}", known.join(", ")),
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

    fn settings(&self) -> detect::DetectorSettings {
        detect::DetectorSettings {
            false_alarms_per_30_days: self.false_alarms_per_30_days,
            events_min: self.events_min,
            psi_min: self.psi_min,
            psi_critical: self.psi_critical,
            disabled: self.disabled.clone(),
        }
    }
}

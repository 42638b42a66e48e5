//! Finding: the result of one detector for one subject in one window.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sketch::Subject;

/// Kind of problem. The findings of one family and model are gathered into one alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// A distribution has moved away from the reference, or numbers lie beyond its range.
    Drift,
    /// The data is broken: nulls, missing subjects, other types, or new categories.
    DataQuality,
    /// Traffic has fallen or risen.
    Volume,
    /// An objective is not met.
    Objective,
}

/// Result of judging a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The value is significant and large enough.
    Breach,
    /// No breach, but at least 0.8 of the threshold and half of the critical surprise. A firing alert continues; no
    /// alert starts.
    Lingering,
    /// There is nothing to report.
    Quiet,
    /// There are too few events to judge.
    InsufficientData,
}

/// Share of the threshold that keeps an alert firing.
const CLEAR_EFFECT: f64 = 0.8;
/// Share of the critical surprise that keeps an alert firing. Half the nats means significant at the square root of α.
/// Chance does not sustain this, and it is low enough that an unchanged shift does not come and go with the traffic.
const CLEAR_SURPRISE: f64 = 0.5;

impl Verdict {
    /// Judges the finding of any detector. Without `enough` events the verdict is `InsufficientData`. `effect` is the
    /// distance ÷ the distance at its threshold. `statistic` is a surprise in nats, and `critical` is the surprise it must reach.
    #[must_use]
    pub fn of(enough: bool, effect: f64, statistic: f64, critical: f64) -> Self {
        if !enough {
            Self::InsufficientData
        } else if effect >= 1.0 && statistic >= critical {
            Self::Breach
        } else if effect >= CLEAR_EFFECT && statistic >= CLEAR_SURPRISE * critical {
            Self::Lingering
        } else {
            Self::Quiet
        }
    }
}

/// Result of one detector for one subject in one window. It holds enough to recompute the verdict from the counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Name of the detector, such as `psi`, `surge` or `null_rate`.
    pub detector: &'static str,
    /// Family of the detector.
    pub family: Family,
    /// Subject; `None` if the finding is about the whole scope (volume).
    pub subject: Option<Subject>,
    /// Result of judging the value.
    pub verdict: Verdict,
    /// Measured value, in the detector's unit.
    pub value: f64,
    /// Threshold that `value` must reach to matter.
    pub threshold: f64,
    /// Distance ÷ distance at the threshold. Causes from different detectors are ranked by it.
    pub effect: f64,
    /// Surprise of the counts if nothing is wrong: −ln p in nats, where p is a probability or Chernoff's bound on it.
    pub statistic: f64,
    /// Surprise that `statistic` must reach under the false-alarm budget, in nats: ln(1/α), or more if several cells
    /// were tested.
    pub critical: f64,
    /// Probability behind `statistic`, if its distribution is known and not only bounded; 0 below 1e-308.
    pub p_value: Option<f64>,
    /// Number of events in the window that were judged.
    pub window_events: u64,
    /// Number of events in the reference.
    pub reference_events: u64,
    /// True if the effect is large enough to page at once.
    pub critical_effect: bool,
    /// True if the finding is published but pages nobody: the reference is provisional, and what differs may be a weekday.
    pub is_provisional: bool,
    /// True if a breach must last twice as long as its window, at most two hours, before it fires: what was learned of the subject says
    /// that the distance may yet be ordinary.
    pub must_last: bool,
    /// Additional numbers by name: other distances, the expected value, learned variability.
    pub details: BTreeMap<&'static str, f64>,
    /// Category concerned, if there is one and its name is known.
    pub category: Option<String>,
}

//! What a detector says of one subject in one window.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sketch::Subject;

/// What kind of trouble it is; findings of one family and model are gathered into one alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// A distribution moved away from the reference.
    Drift,
    /// The data is broken: nulls, missing, other types, new categories, out of range.
    DataQuality,
    /// Traffic fell away.
    Volume,
    /// An objective is not met.
    Objective,
}

/// Whether it is trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Significant and large enough.
    Breach,
    /// No breach, but at least 0.8 of the threshold and half of the surprise: an alert that fires goes on, none begins.
    Lingering,
    /// Nothing to report.
    Quiet,
    /// Too few samples to say.
    InsufficientData,
}

/// Share of the threshold that a value must keep for an alert to go on.
const CLEAR_EFFECT: f64 = 0.8;
/// Share of the surprise that it must keep: half the nats, that is significant at the root of α. Far from what chance keeps up,
/// and low enough that the same shift does not come and go with the traffic.
const CLEAR_SURPRISE: f64 = 0.5;

impl Verdict {
    /// The one rule by which findings of all detectors are judged. `enough` samples, or nothing is said; `effect` is the value ÷ its
    /// threshold; `statistic` is a surprise in nats and `critical` what it must reach.
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

/// What a detector says of one subject in one window; enough to recompute it from the counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The detector's name: `psi`, `surge`, `null_rate`.
    pub detector: &'static str,
    /// The family it belongs to.
    pub family: Family,
    /// The subject; `None` when the scope as a whole is meant (volume).
    pub subject: Option<Subject>,
    /// Whether it is trouble.
    pub verdict: Verdict,
    /// The value that was measured, in the detector's unit.
    pub value: f64,
    /// What `value` must reach to matter.
    pub threshold: f64,
    /// `value ÷ threshold`: by which causes of different detectors are ranked.
    pub effect: f64,
    /// How surprising the counts are if nothing is wrong: −ln p in nats, where p is a probability or Chernoff's bound of one.
    pub statistic: f64,
    /// What `statistic` must reach under the false-alarm budget, in nats: ln(1/α), more where several cells were asked.
    pub critical: f64,
    /// The probability behind `statistic` where the law is known and not only bounded; 0 once it is below 1e-308.
    pub p_value: Option<f64>,
    /// Events of the window that were judged.
    pub window_events: u64,
    /// Events of the reference it was compared with.
    pub reference_events: u64,
    /// Whether it is bad enough to page at once.
    pub critical_effect: bool,
    /// Numbers that ride along: other distances, the baseline, learned variability; by name.
    pub details: BTreeMap<&'static str, f64>,
    /// The category concerned, where there is one and it can be named.
    pub category: Option<String>,
}

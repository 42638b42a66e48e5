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
}

/// Whether it is trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Significant and large enough.
    Breach,
    /// Below the threshold but not below the clear level: an alert that fires goes on, none begins.
    Lingering,
    /// Nothing to report.
    Quiet,
    /// Too few samples to say.
    InsufficientData,
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
    /// The test's statistic, and what it must reach under the false-alarm budget.
    pub statistic: f64,
    /// The statistic's critical value.
    pub critical: f64,
    /// The survival function at the statistic, where the test has one.
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

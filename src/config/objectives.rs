//! `objectives`: targets for models, and the rules by which missing them becomes an alert.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::period::Period;
use super::shape::{LIST, WORD};

/// One objective. Required are `name`, `sli` and the keys of its rule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectiveConfig {
    /// Unique name of the objective in alerts and metrics: 1 to 64 characters out of a-z, A-Z, 0-9, `.`, `_` and `-`.
    pub name: String,
    /// Model to which the objective applies. If unset, it applies to every model separately.
    pub model: Option<String>,
    /// What makes an event good: `success`, `{latency_ms: {at_most: 100}}`, `{cost_usd: {at_most: 0.02}}`,
    /// `{evaluation: {name: faithfulness, at_least: 0.7}}`, or, from labels, `precision`, `recall`, `accuracy`,
    /// `false_positive_rate`. An event without the required field is not counted.
    pub sli: SliConfig,
    /// Promised share of good events: above 0 and below 1. Required unless `above_last_week` is set.
    pub target: Option<f64>,
    /// Period of the target: whole hours, 24h to 90d; 30d unless set. The events that may be bad in this period are the
    /// error budget.
    pub period: Option<Period>,
    /// Burn rates that alert: `sre-workbook` (the default), `pyrra`, or a list of windows such as `[{long: 1h, short:
    /// 5m, factor: 10, severity: page, hold: 0m}]`. For SLIs on labels or evaluations the default is a factor of 3 over
    /// 1d and of 1 over 3d (from a target of 0.99 also 14.4 over 1h and 6 over 6h), and an alert requires statistical
    /// certainty.
    pub burn: Option<BurnConfig>,
    /// Rule instead of burn rates: alert if the share of good events among matured labels is below this floor with
    /// statistical certainty. Above 0 and below `target`.
    pub alert_below: Option<f64>,
    /// With `alert_below`: number of consecutive hourly evaluations that must agree, 1 to 168; 1 unless set.
    pub evaluations: Option<u32>,
    /// Rule instead of a target: alert if the share of bad events exceeds that of a week ago by more than this margin
    /// with statistical certainty. 0 to below 1, such as 0.005.
    pub above_last_week: Option<f64>,
    /// Window that is judged. With `alert_below`: whole hours of prediction time, 1h to 30d; 7d unless set. With
    /// `above_last_week`: a multiple of 15m, 15m to 7d; 24h unless set.
    pub window: Option<Period>,
    /// With `above_last_week`: how long the excess must last, in whole minutes, 0s to 7d; 0s unless set.
    pub hold: Option<Period>,
    /// Minimum number of events in a window that is judged, 0 to 1000000000. Unset means any number, as in Prometheus.
    /// For SLIs on labels or evaluations at least 30 are required in any case.
    pub events_min: Option<u64>,
}

/// What makes an event good: a word, or a measure with a bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SliConfig {
    /// An SLI without a bound.
    Word(String),
    /// An SLI with a bound.
    Bound(BoundedSliConfig),
}

impl Default for SliConfig {
    fn default() -> Self {
        Self::Word(String::new())
    }
}

/// SLIs with a bound; exactly one must be set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BoundedSliConfig {
    pub(super) latency_ms: Option<AtMost>,
    pub(super) cost_usd: Option<AtMost>,
    pub(super) evaluation: Option<AtLeast>,
}

/// Upper bound.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AtMost {
    pub(super) at_most: Option<f64>,
}

/// Lower bound on the evaluation with this name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AtLeast {
    pub(super) name: String,
    pub(super) at_least: Option<f64>,
}

/// Burn windows: a preset's name, or a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BurnConfig {
    /// A preset.
    Preset(String),
    /// A list of windows.
    Windows(Vec<BurnWindowConfig>),
}

/// One pair of windows as text. The lengths are parsed by the check of the whole objective.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BurnWindowConfig {
    pub(super) long: String,
    pub(super) short: String,
    pub(super) factor: Option<f64>,
    pub(super) severity: Option<String>,
    pub(super) hold: Option<String>,
}

/// Shape of the list of objectives: every key with a value of its type.
pub(super) fn shape() -> serde_json::Value {
    let window =
        json!({"long": "1h", "short": "5m", "factor": 14.4, "severity": "page", "hold": "2m"});
    let sli = json!({
        "latency_ms": {"at_most": 99.5},
        "cost_usd": {"at_most": 0.02},
        "evaluation": {"name": "faithfulness", "at_least": 0.7},
    });
    json!({LIST: {
        "name": "fast",
        "model": "fraud",
        "sli": {WORD: sli},
        "target": 0.95,
        "period": "30d",
        "burn": {WORD: [window]},
        "alert_below": 0.93,
        "evaluations": 2,
        "above_last_week": 0.005,
        "window": "7d",
        "hold": "15m",
        "events_min": 100,
    }})
}

/// What objectives need to know of the labels.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObjectiveLabelsConfig {
    /// True if a labels topic is read.
    pub(super) are_read: bool,
}

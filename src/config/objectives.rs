//! `objectives`: what is promised of models, and when missing it is an alert.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::fault::ConfigFaults;
use super::objective_rule;
use super::period::Period;
use super::shape::{LIST, WORD};
use crate::detect::slo;

/// One objective. Only `name`, `sli` and what its rule needs must be set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectiveConfig {
    /// Its name in alerts and metrics, distinct: 1 to 64 of the letters a-z, A-Z, 0-9, `.`, `_` and `-`.
    pub name: String,
    /// The model it is about; unset, every model, each by itself.
    pub model: Option<String>,
    /// What makes an event good: `success`, `{latency_ms: {at_most: 100}}`, `{cost_usd: {at_most: 0.02}}`, `{evaluation: {name: faithfulness, at_least: 0.7}}`,
    /// and from labels `precision`, `recall`, `accuracy`, `false_positive_rate`. A prediction that does not carry what is asked is not counted.
    pub sli: SliConfig,
    /// The share of good events that is promised: more than 0, less than 1. Needed unless `above_last_week` is set.
    pub target: Option<f64>,
    /// The period over which it is promised: whole hours, 24h to 90d; 30d unless set. What may be bad in it is the error budget.
    pub period: Option<Period>,
    /// How fast the budget must go to alert: `sre-workbook` (the default), `pyrra`, or a list of windows such as
    /// `[{long: 1h, short: 5m, factor: 10, severity: page, hold: 0m}]`. On labels the default is 3 over 1d and 1 over 3d, and certainty is asked for.
    pub burn: Option<BurnConfig>,
    /// Instead of burn rates: alert when the share among matured labels is surely below this one, less than `target`.
    pub alert_below: Option<f64>,
    /// With `alert_below`: hourly looks in a row that must agree, 1 to 168; 1 unless set.
    pub evaluations: Option<u32>,
    /// Instead of a target: alert when the share of bad events is surely more than a week ago by this much, as in 0.005; 0 to less than 1.
    pub above_last_week: Option<f64>,
    /// What is judged. With `alert_below` whole hours of prediction time, 1h to 30d; 7d unless set. With `above_last_week` a multiple of 15m, 15m to 7d; 24h unless set.
    pub window: Option<Period>,
    /// With `above_last_week`: how long it must last, whole minutes up to 7d; 0s unless set.
    pub hold: Option<Period>,
    /// Events a window must hold to be judged, 0 to 1000000000. Unset, any number, as in Prometheus; on labels at least 30 whatever is set.
    pub events_min: Option<u64>,
}

/// What makes an event good: a word, or something with a bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SliConfig {
    /// An SLI without a bound.
    Word(String),
    /// One with a bound.
    Bound(BoundedSliConfig),
}

impl Default for SliConfig {
    fn default() -> Self {
        Self::Word(String::new())
    }
}

/// SLIs with a bound, of which one is set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BoundedSliConfig {
    pub(super) latency_ms: Option<AtMost>,
    pub(super) cost_usd: Option<AtMost>,
    pub(super) evaluation: Option<AtLeast>,
}

/// A bound from above.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AtMost {
    pub(super) at_most: Option<f64>,
}

/// A bound from below on a score of some name.
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
    /// Windows of one's own.
    Windows(Vec<BurnWindowConfig>),
}

/// One pair of windows, as it is written: its lengths are read when all of it is checked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BurnWindowConfig {
    pub(super) long: String,
    pub(super) short: String,
    pub(super) factor: Option<f64>,
    pub(super) severity: Option<String>,
    pub(super) hold: Option<String>,
}

const OBJECTIVES_MAX: usize = 50;
const NAME_BYTES_MAX: usize = 64;

/// A list of objectives as the tree is fitted to: every key with a value of its type.
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

/// What objectives need that is set elsewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObjectiveLabelsConfig {
    /// Whether any topic of labels is read.
    pub(super) are_read: bool,
}

/// The objectives as the stages take them; those at fault are left out. One that was not even read is not judged.
pub(super) fn check(
    objectives: &[ObjectiveConfig],
    labels: ObjectiveLabelsConfig,
    faults: &mut ConfigFaults,
) -> Vec<slo::Objective> {
    let wrong = format!("there are {}", objectives.len());
    faults.require(
        objectives.len() <= OBJECTIVES_MAX,
        "objectives",
        wrong,
        "name at most 50",
    );
    let unread = |i: &usize| faults.touch_within(&format!("objectives[{i}]"));
    let read: Vec<usize> = (0..objectives.len()).filter(|i| !unread(i)).collect();
    check_names(objectives, faults);
    let checked = read.into_iter().filter_map(|i| {
        let path = format!("objectives[{i}]");
        objective_rule::checked(&path, objectives.get(i)?, labels, faults)
    });
    checked.collect()
}

fn check_names(objectives: &[ObjectiveConfig], faults: &mut ConfigFaults) {
    let mut seen = BTreeSet::new();
    for (i, ObjectiveConfig { name, model, .. }) in objectives.iter().enumerate() {
        let path = format!("objectives[{i}].name");
        let fix = "use 1 to 64 of the letters a-z, A-Z, 0-9, `.`, `_` and `-`";
        let wrong = format!("`{name}` is no name of an objective");
        faults.require(is_name(name), &path, wrong, fix);
        let wrong = format!("`{name}` is the name of another objective");
        faults.require(seen.insert(name), &path, wrong, "give each its own name");
        let path = format!("objectives[{i}].model");
        let fix = "name the model, or leave the key out for every model";
        faults.require(model.as_deref() != Some(""), &path, "it is empty", fix);
    }
}

fn is_name(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.chars().all(letters)
}

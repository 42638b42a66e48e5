//! Status of an objective at each of its evaluations, for a warehouse to load.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::path_segment;
use super::finite::finite;
use super::wire::{instant, json};
use crate::sketch::Share;
use crate::window::{Boundary, WindowLength};

/// Name and version of the record's schema.
pub const OBJECTIVE_SCHEMA: &str = "tidegauge.objective/1";

/// Input of the record of an objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObjectiveReport<'a> {
    /// Name of the model.
    pub model: &'a str,
    /// Name of the objective.
    pub objective: &'a str,
    /// Name of the SLI, such as `precision` or `latency_ms`.
    pub sli: &'a str,
    /// Target share of good events, 0..1; `None` if the rule has no target.
    pub target: Option<f64>,
    /// Boundary up to which events were counted.
    pub at: Boundary,
    /// Good and valid events of the period that ends at `at`.
    pub share: Share,
    /// Remaining share of the error budget; below 0 once it is overdrawn, `None` if it is not known.
    pub budget_remaining: Option<f64>,
    /// Burn rate by window: 1 spends the budget exactly in the period. `None` with too few events.
    pub burn_rates: &'a [(WindowLength, Option<f64>)],
    /// Boundary at which the budget ends at the present burn rate, or `at` if it has ended; `None` if it does not end within a
    /// period.
    pub exhausted_at: Option<Boundary>,
}

/// Status of one objective of one model at a boundary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveRecord {
    /// [`OBJECTIVE_SCHEMA`].
    pub schema: String,
    /// Name of the model.
    pub model: String,
    /// Name of the objective.
    pub objective: String,
    /// Name of the SLI.
    pub sli: String,
    /// Target share of good events, 0..1; `null` if the rule has no target.
    pub target: Option<f64>,
    /// Boundary up to which events were counted, RFC 3339.
    pub at: String,
    /// Good events of the period that ends at `at`.
    pub good: i64,
    /// Valid events of the period that ends at `at`.
    pub valid: i64,
    /// Remaining share of the error budget: 1 is all of it, below 0 it is overdrawn; `null` without a budget or with too few
    /// events.
    pub budget_remaining: Option<f64>,
    /// Burn rate by window: 1 spends the budget exactly in the period. `null` with too few events.
    pub burn_rates: BTreeMap<String, Option<f64>>,
    /// Time at which the budget ends at the present burn rate, or `at` if it has ended, RFC 3339; `null` if it does not end
    /// within a period.
    pub exhausted_at: Option<String>,
}

impl ObjectiveReport<'_> {
    /// Published record.
    #[must_use]
    pub fn record(&self) -> ObjectiveRecord {
        let rate =
            |(window, rate): &(WindowLength, Option<f64>)| (window.name(), rate.and_then(finite));
        ObjectiveRecord {
            schema: OBJECTIVE_SCHEMA.to_owned(),
            model: self.model.to_owned(),
            objective: self.objective.to_owned(),
            sli: self.sli.to_owned(),
            target: self.target.and_then(finite),
            at: instant(self.at.time()),
            good: self.share.good,
            valid: self.share.valid,
            budget_remaining: self.budget_remaining.and_then(finite),
            burn_rates: self.burn_rates.iter().map(rate).collect(),
            exhausted_at: self.exhausted_at.map(|end| instant(end.time())),
        }
    }
}

impl ObjectiveRecord {
    /// Kafka key, with percent-encoded parts. It keeps all evaluations of one objective in order on one partition.
    #[must_use]
    pub fn key(&self) -> String {
        let (model, objective) = (path_segment(&self.model), path_segment(&self.objective));
        format!("{model}/objective/{objective}")
    }

    /// Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }
}

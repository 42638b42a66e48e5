//! How an objective stands, at every evaluation of it, for a warehouse to load.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::path_segment;
use super::finite::finite;
use super::wire::{instant, json};
use crate::sketch::Share;
use crate::window::{Boundary, WindowLength};

/// Name and version of the record's schema.
pub const OBJECTIVE_SCHEMA: &str = "tidegauge.objective/1";

/// What the record of an objective is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObjectiveReport<'a> {
    /// The model.
    pub model: &'a str,
    /// The objective's name.
    pub objective: &'a str,
    /// What it counts as good: `precision`, `latency`.
    pub sli: &'a str,
    /// Share of good ones that is promised, 0..1; `None` where the rule promises none.
    pub target: Option<f64>,
    /// The boundary up to which was counted.
    pub at: Boundary,
    /// Good and valid ones of the period that ends at `at`.
    pub share: Share,
    /// Share of the error budget that is left; below 0 once it is overdrawn.
    pub budget_remaining: Option<f64>,
    /// How many times too fast the budget is spent, by window; `None` where too few were asked.
    pub burn_rates: &'a [(WindowLength, Option<f64>)],
    /// When the budget ends at the present rate, or when it ended; `None` where it does not end.
    pub exhausted_at: Option<Boundary>,
}

/// How one objective of one model stood at a boundary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveRecord {
    /// [`OBJECTIVE_SCHEMA`].
    pub schema: String,
    /// The model.
    pub model: String,
    /// The objective's name.
    pub objective: String,
    /// What it counts as good.
    pub sli: String,
    /// Share of good ones that is promised, 0..1; `null` where the rule promises none.
    pub target: Option<f64>,
    /// The boundary up to which was counted, RFC 3339.
    pub at: String,
    /// Good ones of the period that ends at `at`.
    pub good: i64,
    /// Those of the period that were asked.
    pub valid: i64,
    /// Share of the error budget that is left: 1 untouched, below 0 overdrawn; `null` without a budget or without events.
    pub budget_remaining: Option<f64>,
    /// How many times too fast the budget is spent, by window; `null` where too few were asked.
    pub burn_rates: BTreeMap<String, Option<f64>>,
    /// When the budget ends at the present rate, or when it ended, RFC 3339; `null` where it does not end.
    pub exhausted_at: Option<String>,
}

impl ObjectiveReport<'_> {
    /// The record that is published.
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
    /// The Kafka key: all evaluations of one objective in order on one partition, its parts percent-encoded.
    #[must_use]
    pub fn key(&self) -> String {
        let (model, objective) = (path_segment(&self.model), path_segment(&self.objective));
        format!("{model}/objective/{objective}")
    }

    /// The Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }
}

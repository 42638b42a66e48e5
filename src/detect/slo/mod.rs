//! Objectives: what share of events must be good, and when too little of it is an alert.
//!
//! An *objective* names an SLI (good ÷ valid, in integers) and a rule: `burn` (the error budget is spent too fast), `below` (a share of
//! matured labels is surely under a floor) or `above_last_week` (the bad share surely rose). The counts live in a [`Series`], one per scope and
//! objective; [`judge`] looks at it at a boundary and says what it finds; [`standing`] says what is left of the budget.
//!
//! Rules on what every prediction carries are compared as Prometheus compares them, so that a recording of the same counts there alerts in the same
//! minutes. Rules on labels ask for certainty: they are few, and a point estimate of few pages everybody.

mod above;
mod allowance;
mod below;
mod budget;
mod burn;
mod feasible;
mod label_burn;
mod objective;
mod preset;
mod rule_input;
mod series;
mod sli;

pub use budget::{BudgetStatus, standing};
pub use feasible::{Infeasible, feasibility};
pub use objective::{BurnWindow, Objective, Rule, Urgency};
pub use preset::Preset;
pub use rule_input::{Observation, RuleInput, judge};
pub use series::{Hour, Series};
pub use sli::Sli;

/// Standard deviations that a label-based rule asks for: on hourly looks for 30 days, 1–5 % of models exactly at the bound alert.
pub const LABEL_Z: f64 = 3.3;
/// Labels that a label-based rule asks for.
pub const LABELS_MIN: i64 = 30;

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
mod budget_status;
mod burn;
mod burn_rule;
mod certainty;
mod facts;
mod feasible;
mod label_burn;
mod objective;
mod preset;
mod rule;
mod rule_input;
mod rule_result;
mod series;
mod sli;

pub use above::AboveLastWeekRule;
pub use below::BelowRule;
pub use budget::budget_remaining;
pub use budget_status::{BudgetStatus, standing};
pub use burn::{BurnWindow, Urgency};
pub use burn_rule::BurnRule;
pub use certainty::{LABEL_Z, LABELS_MIN};
pub use feasible::{Infeasible, feasibility};
pub use objective::{Objective, Rule, statement};
pub use preset::Preset;
pub use rule::{KeptFinding, Observation, RuleStatement};
pub use rule_input::{RuleInput, judge};
pub use series::{Hour, Series, SeriesRetention};
pub use sli::Sli;

//! Objectives: which share of events must be good, and when a lower share is an alert.
//!
//! An *objective* has an SLI (good ÷ valid, in integers) and a rule: `burn` (the error budget is spent too fast), `below` (the share of good events
//! among matured labels is surely below a floor) or `above_last_week` (the bad share surely rose). A [`Series`] holds the counts of one objective in one
//! scope. [`judge`] evaluates the rule on it at a boundary; [`budget_status()`] computes the remaining budget.
//!
//! Rules on operational SLIs, which every prediction carries, compare as Prometheus does, so a recording of the same counts in Prometheus alerts in the same
//! minutes. Rules on labels require certainty: labels are few, and point estimates from few labels would page too often.

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
pub use budget_status::{BudgetStatus, budget_status};
pub use burn::{BurnWindow, Urgency};
pub use burn_rule::BurnRule;
pub use certainty::{LABEL_Z, LABELS_MIN};
pub use feasible::{Infeasible, feasibility};
pub use objective::{Objective, Rule, statement};
pub use preset::Preset;
pub use rule::{KeptFinding, RuleFinding, RuleStatement};
pub use rule_input::{RuleInput, judge};
pub use series::{Hour, Series, SeriesRetention};
pub use sli::Sli;

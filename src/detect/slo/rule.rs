//! Interface of a rule of an objective: how it evaluates a series of counts, which counts it needs, and what it states in an alert.

use super::certainty::EventsNeeded;
use super::series::{Series, SeriesRetention};
use crate::detect::Finding;
use crate::sketch::Share;
use crate::window::{Boundary, WindowLength};

/// Input of a rule at a boundary.
#[derive(Clone, Copy)]
pub struct RuleCase<'a> {
    /// Name of the objective.
    pub(super) objective: &'a str,
    /// True if the SLI becomes known after the prediction. The rule then requires certainty.
    pub(super) is_delayed: bool,
    /// Valid events that a window must contain to be evaluated.
    pub(super) events_min: u64,
    /// Counts before `at`.
    pub(super) series: &'a Series,
    /// Boundary at which the windows end.
    pub(super) at: Boundary,
    /// Share of the window of [`ObjectiveRule::matured_window`]; `None` while that window cannot be evaluated.
    pub(super) matured: Option<Share>,
}

impl RuleCase<'_> {
    /// Events that a window needs to be evaluated.
    pub(super) fn needs(&self) -> EventsNeeded {
        EventsNeeded {
            events_min: self.events_min,
            is_delayed: self.is_delayed,
        }
    }
}

/// Finding of a rule, with its alert timing and the bad rate that the objective allows.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleFinding {
    /// Evaluated window: of two windows, the long one; of a budget, the period.
    pub window: WindowLength,
    /// Finding on the window.
    pub finding: Finding,
    /// Time that a breach must last before it fires, in minutes.
    pub hold_minutes: i64,
    /// Time that a firing cause must be quiet before it resolves, in minutes.
    pub keep_firing_minutes: i64,
    /// Rate of bad events that the rule allows, 0..=1. Bad events of a segment beyond it are the segment's excess.
    pub allowed_rate: f64,
}

/// Rule by which missing an objective becomes an alert.
pub trait ObjectiveRule {
    /// Evaluates the rule at a boundary on the grid of `step_minutes`.
    fn judge(&self, case: &RuleCase<'_>) -> Vec<RuleFinding>;

    /// Minutes between evaluations.
    fn step_minutes(&self, is_delayed: bool) -> i64;

    /// Target share of good events; `None` if the rule has no target.
    fn target(&self) -> Option<f64>;

    /// Period of the objective, in minutes.
    fn period_minutes(&self) -> i64;

    /// Retention of the counts that the rule needs.
    fn retention(&self) -> SeriesRetention;

    /// Window of predictions whose labels must be mature before the rule is evaluated; `None` if it needs only the series.
    fn matured_window(&self) -> Option<WindowLength> {
        None
    }
}

/// Finding of a rule as an alert keeps it.
pub struct KeptFinding<'a> {
    /// Measured value, in the detector's unit.
    pub value: f64,
    /// Value from which the finding matters, in the detector's unit.
    pub threshold: f64,
    /// True if the alert pages.
    pub pages: bool,
    /// Evaluated window.
    pub window: WindowLength,
    /// Name of the SLI.
    pub sli: &'a str,
    /// Looks up a number of the details by name.
    pub number: &'a dyn Fn(&str) -> Option<f64>,
}

/// Statement of a rule about a finding in an alert: two phrases, and the counts behind them.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleStatement {
    /// Follows `objective NAME` in the summary: `is not met: burn rate 4.1 over 1d (page from 3)`.
    pub summary: String,
    /// Follows `objective NAME of model MODEL` in the description, without a full stop.
    pub sentence: String,
    /// One more full sentence of the description, if there is one.
    pub further: Option<String>,
    /// Target share of good events; `None` if the rule has no target.
    pub target: Option<f64>,
    /// Good events of the evaluated window.
    pub good: i64,
    /// Valid events of the evaluated window.
    pub valid: i64,
}

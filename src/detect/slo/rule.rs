//! What a rule of an objective is: how it judges a series of counts, what it needs kept, and what it says in an alert.

use super::series::{Series, SeriesRetention};
use crate::detect::Finding;
use crate::sketch::Share;
use crate::window::{Boundary, WindowLength};

/// What a rule judges at a boundary.
#[derive(Clone, Copy)]
pub struct RuleCase<'a> {
    /// The objective's name.
    pub(super) objective: &'a str,
    /// True where the SLI becomes known after the prediction: the rule then asks for certainty.
    pub(super) is_delayed: bool,
    /// Valid events that a window must hold to be judged.
    pub(super) events_min: u64,
    /// The counts before `at`.
    pub(super) series: &'a Series,
    /// The boundary: windows end here.
    pub(super) at: Boundary,
    /// The share of the window that [`ObjectiveRule::matured_window`] asks for; `None` while it cannot be judged.
    pub(super) matured: Option<Share>,
}

/// A finding, how the alert machine times it, and what the objective allows.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The window that was judged: of two, the long one; of a budget, the period.
    pub window: WindowLength,
    /// What is said of it.
    pub finding: Finding,
    /// A breach must last this long before it fires.
    pub hold_minutes: i64,
    /// It must be clear this long before it resolves.
    pub keep_firing_minutes: i64,
    /// Rate of bad events that the rule allows, 0..=1: what is beyond it is a segment's excess.
    pub allowed_rate: f64,
}

/// A rule by which missing an objective becomes an alert.
pub trait ObjectiveRule {
    /// What it says at a boundary that lies on the grid of `step_minutes`.
    fn judge(&self, case: &RuleCase<'_>) -> Vec<Observation>;

    /// Minutes from one judgement to the next.
    fn step_minutes(&self, is_delayed: bool) -> i64;

    /// The share of good events that is promised; `None` where only a rise is judged.
    fn target(&self) -> Option<f64>;

    /// Minutes over which the objective is promised.
    fn period_minutes(&self) -> i64;

    /// The counts that must be kept for it.
    fn retention(&self) -> SeriesRetention;

    /// The window of predictions whose labels must be there before the rule judges; `None` where the series is all it needs.
    fn matured_window(&self) -> Option<WindowLength> {
        None
    }
}

/// A finding of a rule as an alert keeps it.
pub struct KeptFinding<'a> {
    /// The value that was measured.
    pub value: f64,
    /// What the value must reach.
    pub threshold: f64,
    /// True if somebody must look now.
    pub pages: bool,
    /// The window that was judged.
    pub window: WindowLength,
    /// The name of the SLI.
    pub sli: &'a str,
    /// The numbers of the details, by name.
    pub number: &'a dyn Fn(&str) -> Option<f64>,
}

/// What a rule says of a finding in an alert: two phrases, and the counts behind them.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleStatement {
    /// Follows `objective NAME` in the summary: `is not met: burn rate 4.1 over 1d (page from 3)`.
    pub summary: String,
    /// Follows `objective NAME of model MODEL` in the description, without a full stop.
    pub sentence: String,
    /// One more whole sentence of the description.
    pub further: Option<String>,
    /// The share of good events that is promised.
    pub target: Option<f64>,
    /// Good events of the window.
    pub good: i64,
    /// Valid events of the window.
    pub valid: i64,
}

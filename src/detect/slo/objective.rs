//! What an objective is: an SLI, a target, and the rule by which missing it becomes an alert.

use super::sli::Sli;
use crate::window::WindowLength;

/// Something that is promised of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// Its name, distinct among all objectives.
    pub name: String,
    /// The model it is about; `None`: every model, each by itself.
    pub model: Option<String>,
    /// What is asked of an event.
    pub sli: Sli,
    /// When missing it is an alert.
    pub rule: Rule,
    /// Valid events that a long window (of a budget: the period) must hold to be judged; 0 and 1: any. Label-based rules ask for at least
    /// [`super::LABELS_MIN`].
    pub events_min: u64,
}

/// When missing an objective is an alert. Targets, floors and margins are shares, 0..=1.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// The error budget, 1 − target of the period's events, is spent too fast.
    Burn {
        /// The share of good events that is promised.
        target: f64,
        /// The period over which it is promised, in minutes.
        period_minutes: i64,
        /// What is watched, each by itself.
        windows: Vec<BurnWindow>,
    },
    /// The share of good ones among matured labels is surely below the floor.
    Below {
        /// The share that is promised.
        target: f64,
        /// The share below which it is an alert; less than the target.
        floor: f64,
        /// The span of prediction time that is judged.
        window: WindowLength,
        /// Hourly looks in a row that must agree, at least 1.
        evaluations: u32,
    },
    /// The share of bad ones is surely more than the same window's a week ago plus the margin.
    AboveLastWeek {
        /// The rise that is tolerated.
        margin: f64,
        /// The span that is judged, in label time; a multiple of 15 minutes.
        window: WindowLength,
        /// How long it must last.
        hold_minutes: i64,
    },
}

/// Two windows that must both burn: the long one says that it matters, the short one that it still goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnWindow {
    /// The long window.
    pub long: WindowLength,
    /// The short window, not longer than the long one.
    pub short: WindowLength,
    /// The burn rate that both must exceed: 1 spends the budget exactly in the period.
    pub factor: f64,
    /// How urgent it is.
    pub severity: Urgency,
    /// How long it must last.
    pub hold_minutes: i64,
}

/// How urgent an alert of a burning budget is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody must look now.
    Page,
    /// Somebody must look in the coming days.
    Ticket,
}

/// Every minute: what Prometheus does.
const OPERATIONAL_STEP: i64 = 1;
/// Windows of labels are hours and days.
const LABEL_BURN_STEP: i64 = 5;
/// The grid on which the counts of last week are kept.
pub(super) const LAST_WEEK_STEP: i64 = 15;
const BELOW_STEP: i64 = 60;

impl Objective {
    /// Whether it is about this model.
    #[must_use]
    pub fn is_about(&self, model: &str) -> bool {
        self.model.as_deref().is_none_or(|own| own == model)
    }

    /// From one look at it to the next, in minutes: boundaries off this grid are not judged.
    #[must_use]
    pub fn step_minutes(&self) -> i64 {
        match self.rule {
            Rule::Burn { .. } if self.sli.is_delayed() => LABEL_BURN_STEP,
            Rule::Burn { .. } => OPERATIONAL_STEP,
            Rule::AboveLastWeek { .. } => LAST_WEEK_STEP,
            Rule::Below { .. } => BELOW_STEP,
        }
    }

    /// The share of good events that is promised; `None` where only a rise is judged.
    #[must_use]
    pub fn target(&self) -> Option<f64> {
        match self.rule {
            Rule::Burn { target, .. } | Rule::Below { target, .. } => Some(target),
            Rule::AboveLastWeek { .. } => None,
        }
    }
}

impl Rule {
    /// The span over which the objective is promised, in minutes.
    #[must_use]
    pub fn period_minutes(&self) -> i64 {
        match self {
            Self::Burn { period_minutes, .. } => *period_minutes,
            Self::Below { window, .. } | Self::AboveLastWeek { window, .. } => window.minutes(),
        }
    }
}

//! One look at an objective: what each of its rules says at a boundary.

use std::collections::BTreeMap;

use super::objective::{Objective, Rule};
use super::series::Series;
use super::{above, below, budget, burn, label_burn};
use crate::detect::{Family, Finding, Verdict};
use crate::sketch::{Share, Subject};
use crate::window::{Boundary, WindowLength};

/// What there is to look at.
#[derive(Debug, Clone, Copy)]
pub struct RuleInput<'a> {
    /// The objective.
    pub objective: &'a Objective,
    /// Its counts in one scope, with everything before `at`.
    pub series: &'a Series,
    /// The boundary: windows end here.
    pub at: Boundary,
    /// For [`Rule::Below`]: the labels of the window of prediction time that is old enough to be judged; `None` where no label delay is known yet or
    /// too few predictions have labels.
    pub matured: Option<Share>,
}

/// A finding, and how the alert machine is to time it.
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
}

/// What the objective's rule says at a boundary, and of a burn rule also whether the budget is spent; nothing at boundaries off the grid of
/// [`Objective::step_minutes`].
#[must_use]
pub fn judge(input: &RuleInput<'_>) -> Vec<Observation> {
    if !input.at.on_grid(input.objective.step_minutes()) {
        return Vec::new();
    }
    match &input.objective.rule {
        Rule::Burn { windows, .. } => {
            let burning = if input.objective.sli.is_delayed() {
                label_burn::judge(input, windows)
            } else {
                burn::judge(input, windows)
            };
            burning.into_iter().chain(budget::judge(input)).collect()
        }
        Rule::Below { .. } => below::judge(input).into_iter().collect(),
        Rule::AboveLastWeek { .. } => above::judge(input).into_iter().collect(),
    }
}

/// What a rule has worked out; the rest of a finding is the same for all.
pub(super) struct RuleResult {
    pub(super) detector: &'static str,
    pub(super) verdict: Verdict,
    pub(super) value: f64,
    pub(super) threshold: f64,
    /// Nats, where certainty was asked for; else 0 of 0.
    pub(super) surprise: Surprise,
    pub(super) window_events: i64,
    pub(super) reference_events: i64,
    pub(super) pages: bool,
    pub(super) details: BTreeMap<&'static str, f64>,
}

/// The verdict of a rule that asks for certainty: past the bound with its whole interval is a breach, with the point only it lingers.
pub(super) struct BoundTest {
    /// Enough was counted on every side.
    pub(super) enough: bool,
    /// The whole interval is past the bound.
    pub(super) surely: bool,
    /// The point value is.
    pub(super) at_all: bool,
}

impl BoundTest {
    pub(super) fn verdict(self) -> Verdict {
        match (self.enough, self.surely, self.at_all) {
            (false, ..) => Verdict::InsufficientData,
            (true, true, _) => Verdict::Breach,
            (true, false, true) => Verdict::Lingering,
            (true, false, false) => Verdict::Quiet,
        }
    }
}

/// How sure it is, and how sure it must be: half the square of standard deviations, which is nats where the law is normal.
#[derive(Default)]
pub(super) struct Surprise {
    statistic: f64,
    critical: f64,
}

impl Surprise {
    /// Of an estimate `distance` past its bound whose interval of `z` standard deviations reaches `reach` toward it.
    pub(super) fn of(distance: f64, IntervalReach(reach): IntervalReach, z: f64) -> Self {
        let deviations = if distance <= 0.0 || reach <= 0.0 {
            0.0
        } else {
            z * distance / reach
        };
        Self {
            statistic: deviations * deviations / 2.0,
            critical: z * z / 2.0,
        }
    }
}

/// How far an interval reaches from its estimate toward the bound.
pub(super) struct IntervalReach(pub(super) f64);

impl RuleResult {
    /// The finding on `objective`.
    pub(super) fn finding(self, objective: &Objective) -> Finding {
        let effect = if self.threshold > 0.0 {
            self.value / self.threshold
        } else {
            0.0
        };
        Finding {
            detector: self.detector,
            family: Family::Objective,
            subject: Some(Subject::Objective(objective.name.clone())),
            verdict: self.verdict,
            value: self.value,
            threshold: self.threshold,
            effect,
            statistic: self.surprise.statistic,
            critical: self.surprise.critical,
            p_value: None,
            window_events: events(self.window_events),
            reference_events: events(self.reference_events),
            critical_effect: self.pages,
            details: self.details,
            category: None,
        }
    }
}

fn events(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

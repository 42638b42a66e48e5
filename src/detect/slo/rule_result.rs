//! From what a rule worked out to a finding: the parts that all rules share.

use std::collections::BTreeMap;

use crate::detect::{Family, Finding, Verdict};
use crate::sketch::Subject;

/// What a rule has worked out; the rest of a finding is alike for all rules.
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
    /// The point value is past the bound.
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
    /// The finding on the objective of this name.
    pub(super) fn finding(self, objective: &str) -> Finding {
        let effect = if self.threshold > 0.0 {
            self.value / self.threshold
        } else {
            0.0
        };
        Finding {
            detector: self.detector,
            family: Family::Objective,
            subject: Some(Subject::Objective(objective.to_owned())),
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

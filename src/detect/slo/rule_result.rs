//! Result of a rule's evaluation, and its conversion to a finding.

use std::collections::BTreeMap;

use crate::detect::{Family, Finding, Verdict};
use crate::sketch::Subject;

/// Result of a rule's evaluation. The other fields of a finding are the same for all rules.
pub(super) struct RuleResult {
    pub(super) detector: &'static str,
    pub(super) verdict: Verdict,
    pub(super) value: f64,
    pub(super) threshold: f64,
    /// Surprise in nats if the rule requires certainty; else 0 of 0.
    pub(super) surprise: Surprise,
    pub(super) window_events: i64,
    pub(super) reference_events: i64,
    pub(super) pages: bool,
    pub(super) details: BTreeMap<&'static str, f64>,
}

/// Test of a rule that requires certainty. A breach has its whole interval past the bound; a lingering finding only its point value.
pub(super) struct BoundTest {
    /// True if every side has enough events.
    pub(super) enough: bool,
    /// True if the whole interval is past the bound.
    pub(super) surely: bool,
    /// True if the point value is past the bound.
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

/// Surprise of an estimate, and the surprise that the rule requires: half the square of standard deviations, which is nats for a normal distribution.
#[derive(Default)]
pub(super) struct Surprise {
    statistic: f64,
    critical: f64,
}

impl Surprise {
    /// Surprise of an estimate that lies `distance` past its bound. Its interval of `z` standard deviations extends by `reach` toward the bound.
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

/// Distance from an estimate to the end of its interval, toward the bound.
pub(super) struct IntervalReach(pub(super) f64);

impl RuleResult {
    /// Finding on the objective of this name.
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
            is_provisional: false,
            must_last: false,
            details: self.details,
            category: None,
        }
    }
}

fn events(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

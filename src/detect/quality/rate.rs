//! The law of rates: when a share of broken values is more than its habit, surely enough and large enough.
//!
//! **Intuition.** Take the highest rate that ordinary windows are known to reach, double it, and ask whether even a
//! coin of that rate could have shown this.
//!
//! **Formula.** r = count ÷ total in the window of n, p0 in the reference of m. E = max(p0, 3/m, habit), where the habit is
//! the largest lower Wilson end (z = 2) of ordinary windows, and 3/m what a reference without a single case cannot exclude.
//! Breach when r > 2E, n·KL(r‖min(2E, 0.95)) ≥ L and r is large enough to matter (the detector's [`Floor`]).
//!
//! **Assumptions and limits.** Chernoff's bound: holds at any n. Real rates come in bursts, which the factor 2 and the
//! habit absorb: a plain binomial test with a floor pages 28–64 times per feature in 30 days of ordinary overdispersed
//! traffic, this not once. Price: nulls from 2 to 20 % are found within half an hour, from 2 to 6 % under a strong rhythm never; a rate that is
//! above one half in the reference cannot double and never alerts.
//!
//! **Cost.** Two logarithms. **Source.** Chernoff 1952, Wilson 1927; 3/m is the rule of three (Hanley 1983).
//! **Rejected.** z-tests, whose tail is wrong by orders of magnitude for rates of a few per mille.

use std::collections::BTreeMap;

use crate::detect::{Case, Detector, Family, Finding, Verdict};
use crate::stats::{bernoulli_divergence, wilson};

/// How many habits a rate must exceed.
const HABITS: f64 = 2.0;
/// The highest rate that is taken for the edge of the ordinary.
const ORDINARY_MAX: f64 = 0.95;
/// Standard deviations below a window's rate at which it counts as a habit.
const HABIT_Z: f64 = 2.0;
/// The rule of three: no case in m excludes a rate above 3/m at 95 %.
const UNSEEN: f64 = 3.0;
/// The rise from which it pages at once: half of all events.
const CRITICAL_RISE: f64 = 0.5;

/// How many of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::detect) struct Observed {
    pub(in crate::detect) count: u64,
    pub(in crate::detect) total: u64,
}

impl Observed {
    fn rate(self) -> f64 {
        if self.total == 0 {
            0.0
        } else {
            self.count as f64 / self.total as f64
        }
    }
}

/// From where a rate is large enough to matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::detect) enum Floor {
    /// So much above the reference's rate: for what a healthy feature may well have.
    AboveReference(f64),
    /// From this rate: for what a healthy feature does not have.
    From(f64),
}

impl Floor {
    fn above(self, reference: f64) -> f64 {
        match self {
            Self::AboveReference(rise) => reference + rise,
            Self::From(rate) => rate,
        }
    }
}

/// A detector of one rate: which values it counts, and from where they matter. The law does the rest.
pub(in crate::detect) trait Rate: Sync {
    /// The detector's stable name.
    fn name(&self) -> &'static str;

    /// From where it matters.
    fn floor(&self) -> Floor;

    /// What the window and the reference show, in this order; `None` when the subject is not of its kind.
    fn observe(&self, case: &Case<'_>) -> Option<(Observed, Observed)>;
}

impl<R: Rate> Detector for R {
    fn name(&self) -> &'static str {
        Rate::name(self)
    }

    fn family(&self) -> Family {
        Family::DataQuality
    }

    fn judge(&self, case: &Case<'_>, habit: f64) -> Option<Finding> {
        let (window, reference) = observe(self, case)?;
        let (rate, before) = (window.rate(), reference.rate());
        let expected = before.max(UNSEEN / reference.total as f64).max(habit);
        let ordinary = HABITS * expected;
        let statistic = surprise(window, ordinary);
        let critical = case.budget.surprise();
        let threshold = self.floor().above(before).max(ordinary);
        let effect = rate / threshold;
        let enough = window.total >= case.settings.events_min;
        Some(Finding {
            detector: Rate::name(self),
            family: self.family(),
            subject: Some(case.subject.clone()),
            verdict: Verdict::of(enough, effect, statistic, critical),
            value: rate,
            threshold,
            effect,
            statistic,
            critical,
            p_value: None,
            window_events: window.total,
            reference_events: reference.total,
            critical_effect: rate - before >= CRITICAL_RISE,
            details: BTreeMap::from([
                ("count", window.count as f64),
                ("reference_rate", before),
                ("expected", expected),
                ("habit", habit),
                ("alpha", case.budget.alpha()),
            ]),
            category: None,
        })
    }

    fn habit(&self, case: &Case<'_>) -> Option<f64> {
        let (window, _) = observe(self, case)?;
        (window.total >= case.settings.events_min)
            .then(|| wilson(window.count, window.total, HABIT_Z).low)
    }
}

/// What both sides show, if the subject is judged at all and the reference holds anything.
fn observe(rate: &impl Rate, case: &Case<'_>) -> Option<(Observed, Observed)> {
    if !case.subject.drifts() {
        return None;
    }
    rate.observe(case)
        .filter(|(_, reference)| reference.total > 0)
}

/// n·KL(r‖ordinary), in nats; 0 unless the rate is above the ordinary.
fn surprise(window: Observed, ordinary: f64) -> f64 {
    if window.rate() <= ordinary {
        return 0.0;
    }
    window.total as f64 * bernoulli_divergence(window.rate(), ordinary.min(ORDINARY_MAX))
}

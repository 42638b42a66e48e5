//! Test of rates: a share of broken values breaches if it is clearly above its usual level and large enough to matter.
//!
//! **Intuition.** Take the highest rate that ordinary windows are known to reach and double it. Then test if a coin of
//! that rate could have produced the observed count.
//!
//! **Formula.** r = count ÷ total in the window of n, p0 in the reference of m; L = ln(1/α). E = max(p0, 3/m, habit).
//! The habit is the learned variability: the largest lower Wilson end (z = 2) of ordinary windows. 3/m is the rate that
//! a reference without a single case cannot exclude. Breach when r > 2E, n·KL(r‖min(2E, 0.95)) ≥ L, and r is large
//! enough to matter (the detector's [`Floor`]).
//!
//! **Assumptions and limits.** Chernoff's bound holds at any n. Real rates come in bursts, which the factor 2 and the
//! habit absorb. In 30 days of ordinary overdispersed traffic, a plain binomial test with a floor pages 28–64 times per
//! feature; this test does not page once. The price: nulls that rise from 2 to 20 % are found within half an hour, but
//! a rise from 2 to 6 % under a strong rhythm is never found. A rate above one half in the reference cannot double, so
//! it never alerts.
//!
//! **Cost.** Two logarithms. **Source.** Chernoff 1952, Wilson 1927; 3/m is the rule of three (Hanley 1983).
//! **Rejected.** z-tests, because their tail is wrong by orders of magnitude for rates of a few per mille.

use std::collections::BTreeMap;

use crate::detect::{Case, Detector, Family, Finding, Verdict};
use crate::stats::{bernoulli_divergence, wilson};

/// Factor by which a rate must exceed its expected value.
const VARIABILITY_FACTOR: f64 = 2.0;
/// Highest rate that can be the upper end of ordinary windows.
const ORDINARY_MAX: f64 = 0.95;
/// z of the lower Wilson end of a window's rate, which is learned as variability.
const VARIABILITY_Z: f64 = 2.0;
/// Rule of three: no case in m events excludes rates above 3/m with 95 % confidence.
const UNSEEN: f64 = 3.0;
/// Rise in rate from which the finding pages at once: half of all events.
const CRITICAL_RISE: f64 = 0.5;

/// Count of matching events and count of all events.
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

/// Smallest rate that matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::detect) enum Floor {
    /// Rise above the reference's rate, for values that a healthy feature may contain.
    AboveReference(f64),
    /// Absolute rate, for values that a healthy feature does not contain.
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

/// Detector of one rate. It defines the values to count and the floor; the shared test does the rest.
pub(in crate::detect) trait Rate: Sync {
    /// Stable name of the detector.
    fn name(&self) -> &'static str;

    /// Smallest rate that matters.
    fn floor(&self) -> Floor;

    /// Counts in the window and in the reference, in this order; `None` if the detector does not apply to the subject.
    fn observe(&self, case: &Case<'_>) -> Option<(Observed, Observed)>;
}

impl<R: Rate> Detector for R {
    fn name(&self) -> &'static str {
        Rate::name(self)
    }

    fn family(&self) -> Family {
        Family::DataQuality
    }

    fn judge(&self, case: &Case<'_>, variability: f64) -> Option<Finding> {
        let (window, reference) = observe(self, case)?;
        let (rate, before) = (window.rate(), reference.rate());
        let expected = before.max(UNSEEN / reference.total as f64).max(variability);
        let ordinary = VARIABILITY_FACTOR * expected;
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
                ("habit", variability),
                ("alpha", case.budget.alpha()),
            ]),
            category: None,
        })
    }

    fn variability(&self, case: &Case<'_>) -> Option<f64> {
        let (window, _) = observe(self, case)?;
        (window.total >= case.settings.events_min)
            .then(|| wilson(window.count, window.total, VARIABILITY_Z).low)
    }
}

/// Counts of both sides; `None` if the subject is not judged or the reference is empty.
fn observe(rate: &impl Rate, case: &Case<'_>) -> Option<(Observed, Observed)> {
    if !case.subject.drifts() {
        return None;
    }
    rate.observe(case)
        .filter(|(_, reference)| reference.total > 0)
}

/// n·KL(r‖ordinary), in nats; 0 unless the rate is above `ordinary`.
fn surprise(window: Observed, ordinary: f64) -> f64 {
    if window.rate() <= ordinary {
        return 0.0;
    }
    window.total as f64 * bernoulli_divergence(window.rate(), ordinary.min(ORDINARY_MAX))
}

//! Input of a detector: one subject in one window, its reference, and the false-alarm budget.

use super::baseline::Baseline;
use super::reference_counts::ReferenceCounts;
use super::subject_pattern::SubjectPattern;
use super::tally::Tally;
use crate::sketch::{Subject, ValueSketch};
use crate::stats::Pair;

/// User settings for drift detection. The configuration's documentation gives the defaults and their reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorSettings {
    /// Number of false drift alerts accepted per model in 30 days of event time.
    pub false_alarms_per_30_days: f64,
    /// Minimum number of events in a window. Smaller windows are not judged.
    pub events_min: u64,
    /// PSI (adjusted, nats) from which a significant drift is a breach.
    pub psi_min: f64,
    /// PSI (adjusted, nats) from which a drift is critical.
    pub psi_critical: f64,
    /// Names of disabled detectors.
    pub disabled: Vec<String>,
    /// Subjects that open no alerts.
    pub exclude: Vec<SubjectPattern>,
}

impl Default for DetectorSettings {
    fn default() -> Self {
        Self {
            false_alarms_per_30_days: 1.0,
            events_min: 30,
            psi_min: 0.04,
            psi_critical: 0.25,
            disabled: Vec::new(),
            exclude: Vec::new(),
        }
    }
}

/// Share of the false-alarm budget that one evaluation of one subject may spend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    alpha: f64,
}

impl Budget {
    /// Divides `false_alarms` per 30 days among `evaluations` of one subject in 30 days and among `subjects`. The share
    /// is at most 0.05.
    #[must_use]
    pub fn share(false_alarms: f64, evaluations: u64, subjects: u64) -> Self {
        let shares = (evaluations.max(1) as f64) * (subjects.max(1) as f64);
        Self {
            alpha: (false_alarms / shares).min(0.05),
        }
    }

    /// Allowed probability of a false alarm in one evaluation.
    #[must_use]
    pub fn alpha(self) -> f64 {
        self.alpha
    }

    /// ln(1/α), in nats: the surprise that an alert needs.
    #[must_use]
    pub fn surprise(self) -> f64 {
        -libm::log(self.alpha)
    }
}

/// The whole distributions behind a case, where somebody reads them: categories are judged one by one, and reports carry
/// distances over all cells.
#[derive(Debug, Clone, Copy)]
pub struct Sketches<'a> {
    /// Values in the reference.
    pub reference: &'a ValueSketch,
    /// Values in the window; empty if the subject did not occur.
    pub window: &'a ValueSketch,
}

/// One subject in one window, with its reference.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Subject to judge.
    pub subject: &'a Subject,
    /// Counts of the subject in the window; empty if the subject did not occur.
    pub window: &'a Tally,
    /// Number of predictions in the window.
    pub predictions: u64,
    /// Number of failed predictions among them.
    pub errors: u64,
    /// Frozen reference of the subject. It draws the groups.
    pub baseline: &'a Baseline,
    /// Counts that the window is compared with.
    pub reference: ReferenceCounts<'a>,
    /// The whole distributions; `None` where nobody reads them.
    pub sketches: Option<Sketches<'a>>,
    /// True if the window is part of the reference. This is the case while variability is learned from the learning
    /// span itself.
    pub inside_reference: bool,
    /// Share of the false-alarm budget for this evaluation.
    pub budget: Budget,
    /// Settings made by the user.
    pub settings: &'a DetectorSettings,
}

impl Case<'_> {
    /// Variance of a distance per degree of freedom, if nothing has changed, for these events of both sides: 1/n + 1/m. A
    /// window that is part of the reference differs less from it than an independent window: 1/n − 1/m. 0 if a side is
    /// empty.
    #[must_use]
    pub fn spread(&self, events: Pair) -> f64 {
        if events.window == 0 || events.reference == 0 {
            return 0.0;
        }
        let (window, reference) = (1.0 / events.window as f64, 1.0 / events.reference as f64);
        if self.inside_reference {
            (window - reference).max(0.0)
        } else {
            window + reference
        }
    }
}

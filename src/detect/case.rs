//! Input of a detector: one subject in one window, its reference, and the false-alarm budget.

use crate::reference::SubjectReference;
use crate::sketch::{Subject, ValueSketch};

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
}

impl Default for DetectorSettings {
    fn default() -> Self {
        Self {
            false_alarms_per_30_days: 1.0,
            events_min: 200,
            psi_min: 0.1,
            psi_critical: 0.25,
            disabled: Vec::new(),
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

/// One subject in one window, with its reference.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Subject to judge.
    pub subject: &'a Subject,
    /// Sketch of the subject in the window; empty if the subject did not occur.
    pub window: &'a ValueSketch,
    /// Number of predictions in the window.
    pub predictions: u64,
    /// Reference of the subject.
    pub reference: &'a SubjectReference,
    /// Number of predictions in the reference.
    pub reference_predictions: u64,
    /// True if the window is part of the reference. This is the case while variability is learned from the learning
    /// span itself.
    pub inside_reference: bool,
    /// Share of the false-alarm budget for this evaluation.
    pub budget: Budget,
    /// Settings made by the user.
    pub settings: &'a DetectorSettings,
}

//! What a detector is shown: one subject in one window beside its reference, and the false-alarm budget.

use crate::reference::SubjectReference;
use crate::sketch::{Subject, ValueSketch};

/// What the user may set of the judging; the defaults and their reasons stand in the configuration's documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorSettings {
    /// False drift alerts that are accepted per model in 30 days of event time.
    pub false_alarms_per_30_days: f64,
    /// Events a window must hold to be judged at all.
    pub events_min: u64,
    /// PSI (adjusted, nats) from which a significant drift matters.
    pub psi_min: f64,
    /// PSI (adjusted, nats) from which it is critical.
    pub psi_critical: f64,
    /// Names of detectors that are switched off.
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

/// The share of the false-alarm budget that one evaluation of one subject may spend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    alpha: f64,
}

impl Budget {
    /// `false_alarms` per 30 days, shared by `evaluations` of one subject in 30 days and by `subjects`.
    #[must_use]
    pub fn share(false_alarms: f64, evaluations: u64, subjects: u64) -> Self {
        let shares = (evaluations.max(1) as f64) * (subjects.max(1) as f64);
        Self {
            alpha: (false_alarms / shares).min(0.05),
        }
    }

    /// Probability of a false alarm that one evaluation may have.
    #[must_use]
    pub fn alpha(self) -> f64 {
        self.alpha
    }

    /// ln(1/α), in nats.
    #[must_use]
    pub fn surprise(self) -> f64 {
        -libm::log(self.alpha)
    }
}

/// One subject in one window, beside its reference.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The subject.
    pub subject: &'a Subject,
    /// What the window remembers of it; the empty sketch where it never came.
    pub window: &'a ValueSketch,
    /// Predictions of the window.
    pub predictions: u64,
    /// What the reference knows of it.
    pub reference: &'a SubjectReference,
    /// Predictions of the reference.
    pub reference_predictions: u64,
    /// Whether the window is a part of the reference (true while the habits are learned from the learning span itself).
    pub inside_reference: bool,
    /// The share of the false-alarm budget.
    pub budget: Budget,
    /// What the user set.
    pub settings: &'a DetectorSettings,
}

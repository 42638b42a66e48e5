//! One change of an alert, typed: what observers read, and what its record is made of.

use super::assessed::{Assessed, Assessment};
use super::cause::Cause;
use super::gathered::GatheredCauses;
use super::identity::{assessment_id, fingerprint, record_id};
use super::integrity::{Integrity, SourceIncident, SourceName};
use super::settings::AlertSettings;
use super::terms::{AlertKind, AlertStatus, Change, Severity};
use crate::event::EventTime;

/// One change of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// What it is about.
    pub content: AlertContent,
    /// Where the alert stands after the change.
    pub status: AlertStatus,
    /// Why it is published.
    pub change: Change,
    /// How urgent it is; none in a dry run.
    pub severity: Severity,
    /// Number of the change within the episode, from 0; an assessment is not counted.
    pub sequence: u64,
    /// When it was decided: the boundary at which the judged windows end; for integrity when it was noticed.
    pub at: EventTime,
    /// When the episode began.
    pub started_at: EventTime,
    /// When it ended; of an integrity fact when it may be forgotten.
    pub ended_at: Option<EventTime>,
}

/// What an alert is about.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertContent {
    /// What detectors, or the rule of an objective, found on a model.
    Causes(Box<GatheredCauses>),
    /// What a drift did to quality.
    Assessment(Assessment),
    /// What broke in Tidegauge's own input.
    Integrity(SourceIncident),
}

impl Alert {
    /// The alert that something about a source is broken; `at` is the source's watermark when it was noticed.
    #[must_use]
    pub fn integrity(
        what: Integrity,
        source: SourceName<'_>,
        at: EventTime,
        settings: &AlertSettings,
    ) -> Self {
        let (status, change) = if what.is_over() {
            (AlertStatus::Resolved, Change::Resolved)
        } else {
            (AlertStatus::Firing, Change::Opened)
        };
        Self {
            content: AlertContent::Integrity(SourceIncident::of(what, source)),
            status,
            change,
            severity: what.severity(settings),
            sequence: what.sequence(),
            at,
            started_at: what.start(at),
            ended_at: what.end(at),
        }
    }

    /// The alert that says what a drift did to quality. It has the drift alert's fingerprint, an id that depends on the
    /// episode alone, and stands outside the episode's sequence.
    #[must_use]
    pub fn assessment(assessed: &Assessed<'_>, settings: &AlertSettings) -> Self {
        let status = match assessed.ended {
            Some(_) => AlertStatus::Resolved,
            None => AlertStatus::Firing,
        };
        Self {
            content: AlertContent::Assessment(assessed.assessment()),
            status,
            change: Change::Assessed,
            severity: settings.severity(assessed.severity),
            sequence: 0,
            at: assessed.at.time(),
            started_at: assessed.start.time(),
            ended_at: assessed.ended.map(|end| end.time()),
        }
    }

    /// What kind of trouble it is.
    #[must_use]
    pub fn kind(&self) -> AlertKind {
        match &self.content {
            AlertContent::Causes(causes) => causes.family.into(),
            AlertContent::Assessment(_) => AlertKind::Drift,
            AlertContent::Integrity(_) => AlertKind::Integrity,
        }
    }

    /// The model; `None` for integrity.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match &self.content {
            AlertContent::Causes(causes) => Some(&causes.model),
            AlertContent::Assessment(assessment) => Some(&assessment.model),
            AlertContent::Integrity(_) => None,
        }
    }

    /// The causes that are shown, where it is about findings on a model.
    #[must_use]
    pub fn causes(&self) -> Vec<&Cause> {
        match &self.content {
            AlertContent::Causes(causes) => causes.shown().map(|(cause, _)| cause).collect(),
            AlertContent::Assessment(_) | AlertContent::Integrity(_) => Vec::new(),
        }
    }

    /// The alert's id, shared by all its changes.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        match &self.content {
            AlertContent::Causes(causes) => {
                let objective = causes.objective.as_ref();
                let objective = objective.map(|objective| objective.name.as_str());
                fingerprint(&causes.model, self.kind(), objective)
            }
            AlertContent::Assessment(assessment) => {
                fingerprint(&assessment.model, self.kind(), None)
            }
            AlertContent::Integrity(incident) => fingerprint(&incident.name(), self.kind(), None),
        }
    }

    /// The id of this change of the alert with that fingerprint.
    pub(super) fn id(&self, fingerprint: &str) -> String {
        match &self.content {
            AlertContent::Assessment(_) => assessment_id(fingerprint, self.started_at),
            AlertContent::Causes(_) | AlertContent::Integrity(_) => {
                record_id(fingerprint, self.started_at, self.at, self.sequence)
            }
        }
    }
}

//! One change of an alert, typed. Observers read it, and the published record is built from it.

use super::alert_key::AlertKey;
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
    /// Subject matter of the alert, by kind.
    pub content: AlertContent,
    /// Status of the alert after the change.
    pub status: AlertStatus,
    /// Reason for which it is published.
    pub change: Change,
    /// Severity; `Severity::None` in a dry run.
    pub severity: Severity,
    /// Number of the change within the episode, from 0. An assessment has no number of its own and says 0.
    pub sequence: u64,
    /// Event time of the decision: the boundary at which the evaluated windows end. For integrity, the source's watermark
    /// when the problem was noticed.
    pub at: EventTime,
    /// Start of the episode.
    pub started_at: EventTime,
    /// End of the episode. For an integrity fact, the time from which a router may forget it.
    pub ended_at: Option<EventTime>,
}

/// What an alert is about.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertContent {
    /// Findings of detectors, or of the rule of an objective, on a model.
    Causes(Box<GatheredCauses>),
    /// Effect of a drift on quality.
    Assessment(Assessment),
    /// Problem in Tidegauge's own input.
    Integrity(SourceIncident),
}

impl Alert {
    /// Builds the alert on a broken source; `at` is the source's watermark when the problem was noticed.
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

    /// Builds the alert that reports the effect of a drift on quality. It has the drift alert's fingerprint. Its id depends
    /// on the episode alone. It does not count in the episode's sequence.
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

    /// Says why an alert about a model ended although its cause may last.
    pub(super) fn end_because(&mut self, why: &str) {
        if let AlertContent::Causes(causes) = &mut self.content {
            causes.ended_because = Some(why.to_owned());
        }
    }

    /// Kind of the alert.
    #[must_use]
    pub fn kind(&self) -> AlertKind {
        match &self.content {
            AlertContent::Causes(causes) => causes.key.family.into(),
            AlertContent::Assessment(_) => AlertKind::Drift,
            AlertContent::Integrity(_) => AlertKind::Integrity,
        }
    }

    /// Family, area and wave; `None` for integrity.
    #[must_use]
    pub fn key(&self) -> Option<AlertKey> {
        match &self.content {
            AlertContent::Causes(causes) => Some(causes.key),
            AlertContent::Assessment(assessment) => Some(assessment.key),
            AlertContent::Integrity(_) => None,
        }
    }

    /// Model; `None` for integrity.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match &self.content {
            AlertContent::Causes(causes) => Some(&causes.model),
            AlertContent::Assessment(assessment) => Some(&assessment.model),
            AlertContent::Integrity(_) => None,
        }
    }

    /// Causes that the record shows; empty for assessments and integrity.
    #[must_use]
    pub fn causes(&self) -> Vec<&Cause> {
        match &self.content {
            AlertContent::Causes(causes) => causes.shown().map(|(cause, _)| cause).collect(),
            AlertContent::Assessment(_) | AlertContent::Integrity(_) => Vec::new(),
        }
    }

    /// Id of the alert, shared by all its changes.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        match &self.content {
            AlertContent::Causes(causes) => {
                let objective = causes.objective.as_ref();
                let objective = objective.map(|objective| objective.name.as_str());
                causes.key.fingerprint(&causes.model, objective)
            }
            AlertContent::Assessment(assessment) => {
                assessment.key.fingerprint(&assessment.model, None)
            }
            AlertContent::Integrity(incident) => fingerprint(&incident.name(), self.kind(), &[]),
        }
    }

    /// Id of this change of the alert with the given fingerprint.
    pub(super) fn id(&self, fingerprint: &str) -> String {
        match &self.content {
            AlertContent::Assessment(_) => assessment_id(fingerprint, self.started_at),
            AlertContent::Causes(_) | AlertContent::Integrity(_) => {
                record_id(fingerprint, self.started_at, self.at, self.sequence)
            }
        }
    }
}

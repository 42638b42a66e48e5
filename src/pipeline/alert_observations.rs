//! Observations of alerts, for metrics, the status page and the log.

use crate::alert::{Alert, AlertContent, AlertKey, AlertStatus, AuditRecord, Cause, OpenAlert};
use crate::event::EventTime;

/// An alert about a model: it changed, or the restored state contains it as firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertObservation {
    /// The alert's identity while it lives.
    pub fingerprint: String,
    /// The model.
    pub model: String,
    /// What gathers its causes: family, area and wave.
    pub key: AlertKey,
    /// Severity as published: `critical`, `warning`, `none`.
    pub severity: &'static str,
    /// True while it fires.
    pub is_firing: bool,
    /// When it began, in event time.
    pub since: EventTime,
    /// Causes by rank: subject, detector and segment.
    pub causes: Vec<String>,
}

/// A published alert record as the log names it: names and counts, without a feature value and without the id of a prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNotice {
    /// Kind of the alert.
    pub kind: &'static str,
    /// Model, or the source `topic/partition`.
    pub about: String,
    /// Objective, if the alert is about one.
    pub objective: Option<String>,
    /// Status after the record: `pending`, `firing`, `resolved`.
    pub status: &'static str,
    /// Reason for the record: `opened`, `joined`, `escalated` …
    pub change: &'static str,
    /// Severity as published: `critical`, `warning`, `none`.
    pub severity: &'static str,
    /// The first cause: subject, detector and segment, and in which way it differs.
    pub cause: String,
    /// Number of causes, shown or not.
    pub causes: u64,
    /// Identity of the alert while it lives, by which its records are found.
    pub fingerprint: String,
    /// What only the audit of an order says.
    pub order: Option<OrderNotice>,
}

/// The audit of an order as the log names it. `by` and `note` are free text of a person, and stay in the audit record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNotice {
    /// Id of the order, or the place of a record that is no order.
    pub id: String,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Boundary from which the model learns, RFC 3339.
    pub learns_from: Option<String>,
    /// Boundary from which the order asked to learn, if more than is kept, RFC 3339.
    pub asked_from: Option<String>,
    /// Id of the reference that is brought back.
    pub pinned_id: Option<String>,
}

impl AlertNotice {
    /// What the log says of the audit of an order: the action, and what became of it.
    #[must_use]
    pub fn of_audit(audit: &AuditRecord) -> Self {
        let outcome = match audit.outcome.as_str() {
            "applied" => "applied",
            "would_apply" => "would_apply",
            _ => "refused",
        };
        Self {
            kind: "control",
            about: audit.model.clone().unwrap_or_default(),
            objective: None,
            status: "resolved",
            change: outcome,
            severity: "none",
            cause: audit.action.clone().unwrap_or_default(),
            causes: 1,
            fingerprint: audit.fingerprint.clone(),
            order: Some(OrderNotice {
                id: audit.order.clone(),
                reason: audit.reason.clone(),
                learns_from: audit.learns_from.clone(),
                asked_from: audit.asked_from.clone(),
                pinned_id: audit.pinned_id.clone(),
            }),
        }
    }

    /// What the log says of an alert.
    #[must_use]
    pub fn of(alert: &Alert) -> Self {
        let causes = alert.causes();
        let first = causes.first().map(ToString::to_string);
        let (about, objective, cause, total) = match &alert.content {
            AlertContent::Causes(gathered) => {
                let objective = gathered.objective.as_ref().map(|own| own.name.clone());
                (
                    gathered.model.clone(),
                    objective,
                    Some(gathered.headline()),
                    gathered.total,
                )
            }
            AlertContent::Assessment(_) => {
                let model = alert.model().unwrap_or_default().to_owned();
                (model, None, first, causes.len() as u64)
            }
            AlertContent::Integrity(incident) => {
                let detector = incident.what.detector().to_owned();
                (incident.subject.clone(), None, Some(detector), 1)
            }
        };
        Self {
            kind: alert.kind().name(),
            about,
            objective,
            status: alert.status.name(),
            change: alert.change.name(),
            severity: alert.severity.name(),
            cause: cause.unwrap_or_default(),
            causes: total,
            fingerprint: alert.fingerprint(),
            order: None,
        }
    }
}

impl AlertObservation {
    /// An alert that was published. `None` if it is about a source, or says afterwards what a drift did.
    #[must_use]
    pub fn of(alert: &Alert) -> Option<Self> {
        let AlertContent::Causes(causes) = &alert.content else {
            return None;
        };
        let names = alert.causes().into_iter().map(Cause::to_string);
        Some(Self {
            fingerprint: alert.fingerprint(),
            model: causes.model.clone(),
            key: causes.key,
            severity: alert.severity.name(),
            is_firing: alert.status == AlertStatus::Firing,
            since: alert.started_at,
            causes: names.collect(),
        })
    }

    /// An alert of a model, or of one of its objectives, that stands open.
    #[must_use]
    pub fn open(model: &str, objective: Option<&str>, alert: &OpenAlert) -> Self {
        Self {
            fingerprint: alert.key.fingerprint(model, objective),
            model: model.to_owned(),
            key: alert.key,
            severity: alert.severity.name(),
            is_firing: true,
            since: alert.since.time(),
            causes: alert.causes.iter().map(Cause::to_string).collect(),
        }
    }
}

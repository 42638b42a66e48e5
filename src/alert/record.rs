//! The published record: one versioned JSON form for every alert topic.
//!
//! Fields stand in the order of this file, maps are sorted, numbers are finite: equal alerts are equal bytes. The
//! contract is `schemas/alert.schema.json`. Feature values do not appear, but for the name of a category in its cause.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::alert_change::{Alert, AlertContent};
use super::cause_record::{CauseMeasure, CauseRecord, ExemplarRecord, Named, Provenance};
use super::impact::Impact;
use super::objective::ObjectivePart;
use super::parts::RecordParts;
use super::segment::SegmentRecord;
use super::settings::AlertSettings;
use super::terms::{AlertKind, AlertStatus, Change, Severity};
use super::text::AlertText;
use super::wire::{instant, json};

/// Name and version of the record's schema.
pub const ALERT_SCHEMA: &str = "tidegauge.alert/1";

/// One transition of an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// [`ALERT_SCHEMA`].
    pub schema: String,
    /// The record's id: the same transition always has the same.
    pub id: String,
    /// The alert's id, shared by all its records; the Kafka key.
    pub fingerprint: String,
    /// What kind of trouble it is.
    pub kind: AlertKind,
    /// Where the alert stands.
    pub status: AlertStatus,
    /// Why this was published; `null` for integrity.
    pub change: Option<Change>,
    /// Number of the record within the episode, from 0; an assessment is not counted and says 0.
    pub sequence: u64,
    /// How urgent it is.
    pub severity: Severity,
    /// The model; `null` for integrity.
    pub model: Option<String>,
    /// The version, if all causes share one that has a name.
    pub version: Option<String>,
    /// The segment that all causes share, or the one that bears more than half of what an objective has too much;
    /// `null` where there is none.
    pub segment: Option<String>,
    /// What was measured of the first cause.
    #[serde(flatten)]
    pub measure: CauseMeasure,
    /// The reference that was compared with.
    pub reference_id: Option<String>,
    /// Subjects concerned, shown or not.
    pub causes_total: u64,
    /// One cause per version, segment and subject, by descending effect; at most [`CAUSES_SHOWN_MAX`](super::CAUSES_SHOWN_MAX).
    pub causes: Vec<CauseRecord>,
    /// Subjects that are new with this record, shown or not.
    pub new_causes_total: u64,
    /// Their names, in the order of the causes; at most [`CAUSES_SHOWN_MAX`](super::CAUSES_SHOWN_MAX).
    pub new_causes: Vec<Named>,
    /// A few predictions behind the first cause; none once it is over.
    pub exemplars: Vec<ExemplarRecord>,
    /// Where they lie.
    pub provenance: Vec<Provenance>,
    /// The runbook, if one is configured.
    pub runbook_url: Option<String>,
    /// What an Alertmanager routes by: the same through an episode but for an escalation.
    pub labels: BTreeMap<String, String>,
    /// What a person reads.
    pub annotations: BTreeMap<String, String>,
    /// The boundary at which this was decided, RFC 3339: the end of the windows that were judged; for integrity when it was noticed.
    pub at: String,
    /// When the episode began, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339; of an integrity fact when it may be forgotten.
    pub ended_at: Option<String>,
    /// The worst segments behind the first cause, the largest excess first; empty where they are not known.
    #[serde(default)] // records of the first build have none
    pub segments: Vec<SegmentRecord>,
    /// The objective that is not met; `null` for other kinds.
    pub objective: Option<ObjectivePart>,
    /// What the drift did to quality; `null` but in an assessment.
    pub impact: Option<Impact>,
}

impl AlertRecord {
    /// The one conversion from an alert to what is published of it.
    #[must_use]
    pub fn of(alert: &Alert, settings: &AlertSettings) -> Self {
        let parts = parts(alert);
        let fingerprint = alert.fingerprint();
        let mut causes = vec![parts.first.clone()];
        causes.extend(parts.rest);
        let runbook = settings.runbook_url.clone();
        Self {
            schema: ALERT_SCHEMA.to_owned(),
            id: alert.id(&fingerprint),
            fingerprint,
            kind: alert.kind(),
            status: alert.status,
            change: Some(alert.change),
            sequence: alert.sequence,
            severity: alert.severity,
            model: alert.model().map(str::to_owned),
            version: parts.version,
            segment: parts.segment,
            measure: parts.first.measure,
            reference_id: parts.reference_id,
            causes_total: parts.causes_total,
            causes,
            new_causes_total: parts.new_causes_total,
            new_causes: parts.new_causes,
            exemplars: parts.exemplars,
            provenance: parts.provenance,
            labels: labels(alert, parts.labels, settings),
            annotations: texts(
                [
                    ("summary", parts.summary),
                    ("description", parts.description),
                ]
                .into_iter()
                .chain(parts.annotations)
                .chain(runbook.map(|url| ("runbook_url", url))),
            ),
            runbook_url: settings.runbook_url.clone(),
            at: instant(alert.at),
            started_at: instant(alert.started_at),
            ended_at: alert.ended_at.map(instant),
            segments: parts.segments,
            objective: parts.objective,
            impact: parts.impact,
        }
    }

    /// The Kafka key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.fingerprint
    }

    /// The Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }
}

fn parts(alert: &Alert) -> RecordParts {
    match &alert.content {
        AlertContent::Causes(causes) => {
            let text = AlertText {
                causes,
                status: alert.status,
                ended_at: alert.ended_at,
            };
            RecordParts {
                summary: text.summary(),
                description: text.description(),
                ..causes.parts()
            }
        }
        AlertContent::Assessment(assessment) => assessment.parts(),
        AlertContent::Integrity(incident) => incident.parts(),
    }
}

/// What an Alertmanager routes by. The user's labels yield to ours: routing must not depend on a typing error. Two objectives
/// are two alerts to a router, which tells alerts apart by their labels.
fn labels(
    alert: &Alert,
    further: Vec<(&'static str, String)>,
    settings: &AlertSettings,
) -> BTreeMap<String, String> {
    let alertname = match alert.kind() {
        AlertKind::Drift => "TidegaugeDrift",
        AlertKind::DataQuality => "TidegaugeDataQuality",
        AlertKind::Volume => "TidegaugeVolume",
        AlertKind::Slo => "TidegaugeObjective",
        AlertKind::Integrity => "TidegaugeIntegrity",
    };
    let ours = [
        ("alertname", Some(alertname)),
        ("kind", Some(alert.kind().name())),
        ("model", alert.model()),
        ("severity", Some(alert.severity.name())),
    ];
    let ours = ours
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?.to_owned())));
    let mut labels = settings.labels.clone();
    labels.extend(texts(ours.chain(further)));
    labels
}

fn texts(pairs: impl Iterator<Item = (&'static str, String)>) -> BTreeMap<String, String> {
    pairs.map(|(name, text)| (name.to_owned(), text)).collect()
}

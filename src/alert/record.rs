//! Published record: one versioned JSON form for every alert topic.
//!
//! Fields are written in the order of this file, maps are sorted, and numbers are finite, so equal alerts give equal bytes.
//! The contract is `schemas/alert.schema.json`. Feature values do not appear, except the name of a category in its cause.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::alert_change::{Alert, AlertContent};
use super::alert_key::{Area, FIRST_WAVE};
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
    /// Id of the record. It is deterministic: a transition has the same id in every run.
    pub id: String,
    /// Id of the alert, shared by all its records; the Kafka key.
    pub fingerprint: String,
    /// Kind of the alert.
    pub kind: AlertKind,
    /// Status of the alert after this record.
    pub status: AlertStatus,
    /// Reason for which the record was published.
    pub change: Option<Change>,
    /// Number of the record within the episode, from 0. An assessment has no number of its own and says 0.
    pub sequence: u64,
    /// Severity: the highest of the episode so far.
    pub severity: Severity,
    /// Model; `null` for integrity.
    pub model: Option<String>,
    /// Area of the causes' subjects; `null` for volume, objectives and integrity.
    pub area: Option<Area>,
    /// Number of the alert among those of its kind and area that are open at once, from 1.
    #[serde(default = "first_wave")] // older records have none
    pub wave: u8,
    /// Version that all causes share, if it has a name.
    pub version: Option<String>,
    /// Segment that all causes share, or the one that bears more than half of an objective's excess; `null` if there is none.
    pub segment: Option<String>,
    /// Measured values of the first cause.
    #[serde(flatten)]
    pub measure: CauseMeasure,
    /// Id of the reference of the first cause, if there is one.
    pub reference_id: Option<String>,
    /// Number of causes, shown or not.
    pub causes_total: u64,
    /// One cause per version, segment and subject, by descending effect; at most [`CAUSES_SHOWN_MAX`](super::CAUSES_SHOWN_MAX).
    pub causes: Vec<CauseRecord>,
    /// Number of causes that are new with this record, shown or not.
    pub new_causes_total: u64,
    /// Names of the new causes, in the order of the causes; at most [`CAUSES_SHOWN_MAX`](super::CAUSES_SHOWN_MAX).
    pub new_causes: Vec<Named>,
    /// A few predictions behind the first cause; empty once the alert is resolved.
    pub exemplars: Vec<ExemplarRecord>,
    /// Positions of the exemplars in Kafka.
    pub provenance: Vec<Provenance>,
    /// URL of the runbook, if one is configured.
    pub runbook_url: Option<String>,
    /// Labels that an Alertmanager routes by. They stay the same through an episode, except when it escalates.
    pub labels: BTreeMap<String, String>,
    /// Texts for a person: summary, description, and others.
    pub annotations: BTreeMap<String, String>,
    /// Boundary of the decision, RFC 3339: the end of the evaluated windows. For integrity, the source's watermark when the
    /// problem was noticed.
    pub at: String,
    /// Start of the episode, RFC 3339.
    pub started_at: String,
    /// End of the episode, RFC 3339. For an integrity fact, the time from which a router may forget it.
    pub ended_at: Option<String>,
    /// Worst segments behind the first cause, largest excess first; empty if they are not known.
    #[serde(default)] // records of the first build have none
    pub segments: Vec<SegmentRecord>,
    /// Objective that is not met; `null` for other kinds.
    pub objective: Option<ObjectivePart>,
    /// Effect of the drift on quality; `null` except in an assessment.
    pub impact: Option<Impact>,
}

impl AlertRecord {
    /// Converts an alert to its published record.
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
            area: alert.key().and_then(|key| key.area),
            wave: alert.key().map_or(FIRST_WAVE, |key| key.wave),
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

    /// Kafka key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.fingerprint
    }

    /// Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }
}

fn first_wave() -> u8 {
    FIRST_WAVE
}

fn parts(alert: &Alert) -> RecordParts {
    match &alert.content {
        AlertContent::Causes(causes) => {
            let text = AlertText {
                causes,
                status: alert.status,
                ended_at: alert.ended_at,
                permanent_since: (alert.change == Change::Permanent).then_some(alert.started_at),
                is_opening: alert.change == Change::Opened,
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

/// Labels that an Alertmanager routes by. They override the user's labels, so that routing does not depend on a typing
/// error. A router distinguishes alerts by their labels, so two objectives of a model have different labels.
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
        ("area", alert.key().and_then(|key| key.area).map(Area::name)),
    ];
    let wave = alert.key().map(|key| key.wave);
    let wave = wave.filter(|wave| *wave > FIRST_WAVE);
    let wave = wave.map(|wave| ("wave", wave.to_string()));
    let ours = ours
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?.to_owned())));
    let mut labels = settings.labels.clone();
    labels.extend(texts(ours.chain(wave).chain(further)));
    labels
}

fn texts(pairs: impl Iterator<Item = (&'static str, String)>) -> BTreeMap<String, String> {
    pairs.map(|(name, text)| (name.to_owned(), text)).collect()
}

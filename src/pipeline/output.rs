//! Records that the stages publish, and the topic of each.

use crate::alert::{Alert, AlertKind, AlertRecord, AlertSettings, AuditRecord};

/// An output topic of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputTopic {
    /// Drift alerts.
    Drift,
    /// Alerts of objectives.
    Slo,
    /// Data-quality, volume and integrity alerts.
    Anomaly,
    /// Window summaries.
    Reports,
    /// Learned references.
    References,
}

impl OutputTopic {
    /// The value of the label `kind` in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Slo => "slo",
            Self::Anomaly => "anomaly",
            Self::Reports => "reports",
            Self::References => "references",
        }
    }
}

/// One record to publish.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Output {
    /// The topic.
    pub topic: OutputTopic,
    /// The Kafka key.
    pub key: String,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// The payload, as JSON.
    pub value: Vec<u8>,
}

impl Output {
    /// A record without headers: a report or a reference.
    #[must_use]
    pub fn plain(topic: OutputTopic, key: String, value: Vec<u8>) -> Self {
        Self {
            topic,
            key,
            headers: Vec::new(),
            value,
        }
    }

    /// The audit of an order, beside the anomaly alerts.
    #[must_use]
    pub fn audit(record: &AuditRecord) -> Self {
        Self {
            topic: OutputTopic::Anomaly,
            key: record.key().to_owned(),
            headers: record.headers(),
            value: record.value(),
        }
    }

    /// An alert, for the topic of its kind.
    #[must_use]
    pub fn alert(alert: &Alert, settings: &AlertSettings) -> Self {
        let record = AlertRecord::of(alert, settings);
        Self {
            topic: match alert.kind() {
                AlertKind::Drift => OutputTopic::Drift,
                AlertKind::Slo => OutputTopic::Slo,
                AlertKind::DataQuality | AlertKind::Volume | AlertKind::Integrity => {
                    OutputTopic::Anomaly
                }
            },
            key: record.key().to_owned(),
            headers: record.headers(),
            value: record.value(),
        }
    }
}

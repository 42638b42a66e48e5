//! Integrity alerts: problems in Tidegauge's own input, which no window can show.
//!
//! A loss or a duplicate is a *fact*: it fires once and never resolves; `ended_at` says when a router may forget it. A flood
//! of rejects or of late predictions is a *condition*: it fires and resolves. Integrity alerts belong to no model. They are not reproducible,
//! because crashes cause some of them.

use super::cause_record::{CauseMeasure, CauseRecord, Named};
use super::parts::RecordParts;
use super::settings::AlertSettings;
use super::terms::Severity;
use crate::event::EventTime;

/// Time after which a router may forget a fact, in milliseconds.
const FACT_MILLIS: i64 = 3_600_000;

/// Name of a source: one partition of an input topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceName<'a> {
    /// Name of the topic.
    pub topic: &'a str,
    /// Number of the partition.
    pub partition: i32,
}

/// Problem of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integrity {
    /// Records that were accepted as lost.
    Lost {
        /// Offset of the first lost record.
        from: i64,
        /// Next offset that was read.
        to: i64,
    },
    /// Frame that was already merged. It was dropped and changed nothing.
    DuplicateFrame {
        /// Sequence number of the frame.
        seq: u64,
    },
    /// Too many of the last records were rejected, or late.
    Flood(Flood),
}

/// What a source has too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloodKind {
    /// Rejected records.
    Rejected,
    /// Predictions that came after the watermark of their source.
    Late,
}

/// Flood: counts of the last records of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flood {
    /// What there is too much of.
    pub kind: FloodKind,
    /// Start of the flood; `None` if the source has no time, and then the flood began when it was noticed.
    pub since: Option<EventTime>,
    /// Rejected or late records among the last `of`.
    pub count: u64,
    /// Number of last records that were read.
    pub of: u64,
    /// Number of rejected or late records that is tolerated.
    pub limit: u64,
    /// True once the flood is over.
    pub over: bool,
}

/// Problem of a source, with the name of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceIncident {
    /// `source:TOPIC/PARTITION`.
    pub subject: String,
    /// Problem of the source.
    pub what: Integrity,
}

impl SourceIncident {
    pub(super) fn of(what: Integrity, source: SourceName<'_>) -> Self {
        Self {
            subject: format!("source:{}/{}", source.topic, source.partition),
            what,
        }
    }

    /// Name that the fingerprint is computed from.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.subject, self.what.detector())
    }

    /// Parts of the record that are particular to integrity.
    pub(super) fn parts(&self) -> RecordParts {
        let Self { subject, what } = self;
        let new_causes = (!what.is_over()).then(|| Named {
            version: None,
            segment: None,
            subject: Some(subject.clone()),
        });
        RecordParts {
            new_causes_total: u64::from(!what.is_over()),
            new_causes: new_causes.into_iter().collect(),
            labels: vec![
                ("subject", subject.clone()),
                ("detector", what.detector().to_owned()),
            ],
            summary: what.summary(subject),
            description: what.description(subject),
            ..RecordParts::of(what.cause(subject))
        }
    }
}

impl Integrity {
    /// True once a flood is over.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Flood(flood) if flood.over)
    }

    /// Name of the detector, as published.
    #[must_use]
    pub fn detector(self) -> &'static str {
        match self {
            Self::Lost { .. } => "lost_records",
            Self::DuplicateFrame { .. } => "duplicate_frame",
            Self::Flood(flood) => match flood.kind {
                FloodKind::Rejected => "reject_flood",
                FloodKind::Late => "late_flood",
            },
        }
    }

    /// Severity as published. A duplicate changed nothing and is a warning; the others leave counts incomplete and are critical.
    pub(super) fn severity(self, settings: &AlertSettings) -> Severity {
        match self {
            _ if settings.dry_run => Severity::None,
            Self::DuplicateFrame { .. } => Severity::Warning,
            Self::Lost { .. } | Self::Flood(_) => Severity::Critical,
        }
    }

    /// Sequence number of the record. It distinguishes facts of the same moment.
    pub(super) fn sequence(self) -> u64 {
        match self {
            Self::Lost { from, .. } => from.unsigned_abs(),
            Self::DuplicateFrame { seq } => seq,
            Self::Flood(flood) => u64::from(flood.over),
        }
    }

    pub(super) fn start(self, at: EventTime) -> EventTime {
        match self {
            Self::Flood(flood) => flood.since.unwrap_or(at),
            Self::Lost { .. } | Self::DuplicateFrame { .. } => at,
        }
    }

    pub(super) fn end(self, at: EventTime) -> Option<EventTime> {
        match self {
            Self::Flood(flood) => flood.over.then_some(at),
            Self::Lost { .. } | Self::DuplicateFrame { .. } => Some(at.plus_millis(FACT_MILLIS)),
        }
    }

    /// Count, the count from which it matters, and further numbers by name.
    fn numbers(self) -> (u64, u64, Vec<(&'static str, f64)>) {
        match self {
            Self::Lost { from, to } => {
                let details = vec![("from_offset", from as f64), ("to_offset", to as f64)];
                (to.saturating_sub(from).unsigned_abs(), 1, details)
            }
            Self::DuplicateFrame { seq } => (1, 1, vec![("seq", seq as f64)]),
            Self::Flood(flood) => (flood.count, flood.limit, vec![("of", flood.of as f64)]),
        }
    }

    fn cause(self, subject: &str) -> CauseRecord {
        let (value, threshold, details) = self.numbers();
        let details = details.into_iter().map(|(name, x)| (name.to_owned(), x));
        let measure = CauseMeasure {
            subject: Some(subject.to_owned()),
            details: details.collect(),
            ..CauseMeasure::plain(self.detector(), value as f64, threshold as f64)
        };
        CauseRecord {
            version: None,
            segment: None,
            returns: 0,
            measure,
        }
    }

    fn summary(self, subject: &str) -> String {
        match self {
            Self::Lost { from, to } if to < from => {
                format!("tidegauge: records of {subject} are read again")
            }
            Self::Lost { from, to } => {
                let count = to.saturating_sub(from);
                format!("tidegauge: up to {count} records of {subject} are lost")
            }
            Self::DuplicateFrame { .. } => format!("tidegauge: a frame of {subject} came twice"),
            Self::Flood(flood) => flood.summary(subject),
        }
    }

    fn description(self, subject: &str) -> String {
        match self {
            Self::Lost { from, to } if to < from => format!(
                "{subject} continues at offset {to}, before offset {from} up to which it was read: an operator reset it. The records \
                 between are read again, and those of panes that were still open are counted twice, so reports and alerts over that \
                 time are not exact. If the topic was created again under its name, its offsets are new, and nothing is counted twice."
            ),
            Self::Lost { from, to } => format!(
                "The records of {subject} from offset {from} up to, not including, {to} were never counted: an operator accepted \
                 the loss. These are at most {} records; a topic that is written by transactions also gives offsets to their \
                 markers. Reports and alerts over that time are incomplete.",
                to.saturating_sub(from)
            ),
            Self::DuplicateFrame { seq } => format!(
                "Frame {seq} of {subject} arrived a second time and was dropped; no count is wrong. It should not happen: \
                 look for two processes that believe they own this partition."
            ),
            Self::Flood(flood) => flood.description(subject),
        }
    }
}

impl Flood {
    fn summary(self, subject: &str) -> String {
        match (self.kind, self.over) {
            (FloodKind::Rejected, true) => {
                format!("tidegauge: over: too many records of {subject} were refused")
            }
            (FloodKind::Rejected, false) => {
                format!("tidegauge: too many records of {subject} are refused")
            }
            (FloodKind::Late, true) => {
                format!("tidegauge: over: too many predictions of {subject} came late")
            }
            (FloodKind::Late, false) => {
                format!("tidegauge: too many predictions of {subject} come late")
            }
        }
    }

    fn description(self, subject: &str) -> String {
        let Self {
            count, of, limit, ..
        } = self;
        match self.kind {
            FloodKind::Rejected => format!(
                "{count} of the last {of} records of {subject} were refused; {limit} are tolerated. They lie in the dead-letter \
                 topic with a reason each; the header tidegauge.reason says why. What was refused is counted nowhere else."
            ),
            FloodKind::Late => format!(
                "{count} of the last {of} records of {subject} were predictions older than its watermark; {limit} are tolerated. They \
                 were dropped, so reports and alerts over that time are incomplete. If a producer's clock was ahead or behind, mend \
                 it. If the partition mixes producers with different delays, raise time.disorder to the largest of them. If old \
                 records are written while it is read, set time.ticks to false until they are."
            ),
        }
    }
}

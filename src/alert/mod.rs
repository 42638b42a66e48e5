//! From findings to published alerts: the state machine, the grouping of causes, the alert, and its record.
//!
//! A *cause* is one detector's finding on one subject in one window length. `machine` decides whether a cause fires.
//! `episode` groups the causes of one model, family and area into one alert. `alert_change` is one change of an alert, and
//! `record` is its published form. This module knows nothing of Kafka, of clocks, or of how a finding was computed.

mod alert_builder;
mod alert_change;
mod alert_key;
mod assessed;
mod audit;
mod cause;
mod cause_record;
mod cause_summary;
mod context;
mod ending;
mod envelope;
mod episode;
mod finite;
mod gathered;
mod identity;
mod impact;
mod integrity;
mod lifecycle;
mod listing;
mod machine;
mod manner;
mod moment;
mod objective;
mod objective_report;
mod objective_text;
mod order_effect;
mod parts;
mod place;
mod quality_report;
mod quality_shape;
mod record;
mod reference;
mod report;
mod segment;
mod settings;
mod shape;
mod terms;
mod text;
mod transients;
mod transition;
mod wave;
mod wire;

pub use alert_change::{Alert, AlertContent};
pub use alert_key::{AlertKey, Area, COMPARED};
pub use assessed::{Assessed, Assessment};
pub use audit::{AUDIT_SCHEMA, Audit, AuditRecord, OrderOutcome};
pub use cause::{Cause, Evidence, Machine, ScopedFinding};
pub use cause_record::{CauseMeasure, CauseRecord, ExemplarRecord, Named, Provenance};
pub use context::{AlertObjective, Context};
pub use episode::{CAUSES_MAX, Episodes, OpenAlert};
pub use gathered::{CAUSES_SHOWN_MAX, GatheredCauses};
pub use identity::order_fingerprint;
pub use impact::{Impact, ImpactVerdict};
pub use integrity::{Flood, FloodKind, Integrity, SourceIncident, SourceName};
pub use machine::{RuleTiming, Signal, State, Timing};
pub use objective::{ObjectiveFacts, ObjectivePart};
pub use objective_report::{OBJECTIVE_SCHEMA, ObjectiveRecord, ObjectiveReport};
pub use order_effect::{OrderEffect, PinnableReference, Pinned, Relearned};
pub use place::Place;
pub use quality_report::{
    Age, MeasureRecord, QUALITY_SCHEMA, QualityRecord, QualityReport, SelectionRecord,
};
pub use quality_shape::{ConfusionRecord, EvaluationRecord, RegressionRecord};
pub use record::{ALERT_SCHEMA, AlertRecord};
pub use reference::{
    REFERENCE_SCHEMA, ReferenceRecord, RhythmRecord, SubjectRecord, reference_records,
};
pub use report::{FindingRecord, REPORT_SCHEMA, Report, ReportRecord};
pub use segment::{SEGMENTS_SHOWN_MAX, SegmentRecord, SegmentShare};
pub use settings::AlertSettings;
pub use shape::{CategoriesRecord, NumbersRecord, TopCategory, TypesRecord};
pub use terms::{AlertKind, AlertStatus, Change, Severity, WindowTime};
pub use transients::HeldFamily;
pub use wave::WAVES_MAX;
pub use wire::WindowRecord;

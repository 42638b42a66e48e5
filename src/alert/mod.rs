//! From findings to published alerts: the state machine, the gathering of causes, the record.
//!
//! A *cause* is one detector's word on one subject in one window length. `machine` decides whether a cause fires,
//! `episode` gathers the causes of one model and family into one alert, `record` is what is published of it. This
//! floor knows nothing of Kafka, of clocks, or of how a finding was computed.

mod assessed;
mod cause;
mod cause_summary;
mod envelope;
mod episode;
mod identity;
mod integrity;
mod machine;
mod objective;
mod objective_report;
mod objective_text;
mod place;
mod quality_report;
mod quality_shape;
mod record;
mod record_builder;
mod reference;
mod report;
mod segment;
mod settings;
mod shape;
mod terms;
mod text;
mod transition;

pub use assessed::{Assessed, Impact, ImpactVerdict, assessment_record};
pub use cause::{Cause, Evidence, Observed};
pub use episode::{CAUSES_MAX, Context, Episodes, OpenAlert};
pub use identity::fingerprint;
pub use integrity::{Flood, Integrity, SourceName};
pub use machine::{Machine, RuleTiming, Signal, State, Timing};
pub use objective::ObjectivePart;
pub use objective_report::{OBJECTIVE_SCHEMA, ObjectiveRecord, ObjectiveReport};
pub use place::Place;
pub use quality_report::{
    Age, MeasureRecord, QUALITY_SCHEMA, QualityRecord, QualityReport, SelectionRecord,
};
pub use quality_shape::{ConfusionRecord, EvaluationRecord, RegressionRecord};
pub use record::{
    ALERT_SCHEMA, AlertRecord, CAUSES_SHOWN_MAX, CauseMeasure, CauseRecord, ExemplarRecord, Named,
    Provenance, WindowRecord,
};
pub use reference::{REFERENCE_SCHEMA, ReferenceRecord, SubjectRecord, reference_records};
pub use report::{FindingRecord, REPORT_SCHEMA, Report, ReportRecord};
pub use segment::{SEGMENTS_SHOWN_MAX, SegmentRecord, SegmentShare};
pub use settings::AlertSettings;
pub use shape::{CategoriesRecord, NumbersRecord, TopCategory, TypesRecord};
pub use terms::{AlertKind, AlertStatus, By, Change, Severity};

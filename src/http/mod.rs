//! Metrics, health and status over HTTP: what an operator and Prometheus see of a running process.
//!
//! This floor knows the meter port and tokio, and nothing of Kafka. It receives names, counts, hashes and sketches,
//! never a feature value or an id.

mod board;
mod catalogue;
mod clock_status;
mod connections;
mod dropped;
mod evaluate_series;
mod ingest_series;
mod instant;
mod join_series;
mod metrics;
mod model_series;
mod outcome_series;
mod picture;
mod readiness;
mod series;
mod server;
mod status;
mod view;
mod worker;

pub use board::{Board, BoardOptions};
pub use catalogue::{CATALOGUE, Metric, MetricEntry, MetricKind, documentation};
pub use metrics::{MetricError, Metrics};
pub use picture::Picture;
pub use readiness::{Phase, Readiness, Rebuilding, WorkerState};
pub use server::{Handle, ServeError, serve};
pub use status::{
    FiringAlert, JoinStatus, ModelStatus, ObjectiveStatus, QualityStatus, ReferenceStatus,
    SourceStatus, StatusPage, SubjectStatus,
};
pub use worker::WorkerMeter;

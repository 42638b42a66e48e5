//! Metrics, health and status over HTTP: what an operator and Prometheus see of a running process.
//!
//! This floor knows the meter port and tokio; it knows nothing of Kafka. Feature values and ids never come here:
//! names, counts, hashes and shares only.

mod board;
mod catalogue;
mod drift;
mod metrics;
mod model;
mod picture;
mod readiness;
mod server;
mod status;
mod worker;

pub use board::{Board, BoardOptions};
pub use catalogue::{CATALOGUE, Entry, Kind, Metric, documentation};
pub use metrics::{MetricError, Metrics};
pub use picture::Picture;
pub use readiness::{Phase, Readiness, WorkerState};
pub use server::{Handle, ServeError, serve};
pub use status::{FiringAlert, ModelStatus, ReferenceStatus, SourceStatus, Status, SubjectStatus};
pub use worker::WorkerMeter;

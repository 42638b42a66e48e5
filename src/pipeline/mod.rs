//! The stages as pure step functions: input → outbox and observations. No I/O, no clock, no client library.
//!
//! **ingest** turns the records of one input partition into frames; **join** joins labels to the predictions of one
//! `outcomes` partition; **evaluate** turns the frames of one `panes` partition into windows, findings, alerts and
//! state. The runtime drives all of them, over Kafka in production and over a log in memory in tests.

mod alert_observations;
pub mod clock;
pub mod control;
pub mod cursor;
mod detectable_observation;
pub mod evaluate;
mod flood;
pub mod frame;
pub mod incident;
pub mod ingest;
mod intake;
pub mod invariant;
pub mod join;
pub mod observations;
pub mod outbox;
mod outcomes;
pub mod output;
pub mod partition;
mod plan;
pub mod remarks;
pub mod segments;
pub mod stage;
pub mod state;
pub mod unjudged;
pub mod unpaged;
mod volume_observation;

pub use intake::Intake;
pub use partition::INTERNAL_PARTITIONS;
pub use plan::{
    Bounds, JoinKey, JoinPlan, LearningPlan, Plan, QualityPlan, ReferencePlan, ScoreOf,
    SeasonalSubjects, SegmentsPlan, Topics,
};

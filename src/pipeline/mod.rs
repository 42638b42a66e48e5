//! The stages as pure step functions: input → outbox and observations. No I/O, no clock, no client library.
//!
//! **ingest** turns the records of one input partition into frames; **join** brings predictions and labels of one
//! partition of `outcomes` together; **evaluate** turns the frames of one `panes` partition into windows, findings,
//! alerts and state. All are driven from outside: the consumer group's worker and
//! the tests' in-memory log call the same functions.

pub mod cursor;
pub mod evaluate;
mod flood;
pub mod frame;
pub mod ingest;
pub mod invariant;
pub mod join;
mod join_accumulator;
pub mod observations;
pub mod outbox;
mod outcomes;
pub mod output;
mod plan;
pub mod segments;
pub mod state;
pub mod stop;

pub use plan::{
    Bounds, JoinKey, JoinPlan, LearningPlan, PANES_PARTITIONS, Plan, QualityPlan, ScoreOf,
    SegmentsPlan, Topics,
};

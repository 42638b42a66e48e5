//! The stages as pure step functions: input → effects. No I/O, no clock, no client library.
//!
//! **ingest** turns the records of one input partition into frames; **evaluate** turns the frames of one `panes`
//! partition into windows, findings, alerts and state. Both are driven from outside: the consumer group's worker and
//! the tests' in-memory log call the same functions.

pub mod cursor;
pub mod effect;
pub mod evaluate;
mod flood;
pub mod frame;
pub mod ingest;
mod plan;
pub mod segments;
pub mod state;

pub use plan::{
    Bounds, JoinKey, JoinPlan, Learning, PANES_PARTITIONS, Plan, QualityPlan, ScoreOf,
    SegmentsPlan, Topics,
};

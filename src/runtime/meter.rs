//! The meter port: how a worker reports its work.
//!
//! Every worker owns one meter. It gets the observations of the stages by reference, after they are committed. What
//! becomes of them (metrics, a status page, nothing) is the meter's business. No method may block or fail.

use std::time::Duration;

use crate::pipeline::clock::ClockReport;
use crate::pipeline::invariant::InvariantId;
use crate::pipeline::observations::{IngestObservations, JoinObservations, Observations};

/// What one worker reports. Every method does nothing unless it is implemented.
pub trait Meter: Send + Sync {
    /// The worker owns `partitions` and begins to restore them; 0 while it owns none. What it reported of partitions
    /// and models before is no longer its own.
    fn restoring(&self, _partitions: usize) {}
    /// `records` of state were read so far.
    fn restore_progress(&self, _records: u64) {}
    /// Everything that the worker owns is restored, from `records` of state.
    fn restored(&self, _took: Duration, _records: u64) {}
    /// A flush gathered `bytes`, and took this long until they were handed to the log.
    fn flushed(&self, _took: Duration, _bytes: u64) {}
    /// A transaction was committed, and took this long.
    fn committed(&self, _took: Duration) {}
    /// A transaction was given up; the work is read again.
    fn aborted(&self) {}
    /// An invariant did not hold `count` times.
    fn violation(&self, _id: InvariantId, _count: u64) {}
    /// An input partition was restored, or a flush of it was committed.
    fn observe_ingest(&self, _observed: &IngestObservations) {}
    /// What the clocks wait for; called about once a second while the worker works.
    fn observe_clocks(&self, _report: &ClockReport) {}
    /// A join was restored, goes on with its rebuild, or a flush of it was committed.
    fn observe_join(&self, _observed: &JoinObservations) {}
    /// The evaluate task of a partition of `panes` was restored, or a flush of it was committed.
    fn observe_evaluate(&self, _partition: i32, _observed: &Observations) {}
}

/// A meter that ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMeter;

impl Meter for NoMeter {}

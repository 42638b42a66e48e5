//! Promises on a cluster of three brokers whose nodes die: the real binary must survive and must lose nothing.
//!
//! The tests share one cluster and run one after the other: see [`support::Cluster`]. `TIDEGAUGE_LONG=1` selects the long
//! variant of tests that have one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../deployment/mod.rs"]
mod deployment;
#[path = "../support/mod.rs"]
mod support;

mod campaign;
mod cluster;
mod leaders;
mod outage;
mod plan;
mod supervisor;

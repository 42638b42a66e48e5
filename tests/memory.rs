//! The whole pipeline over the log in memory: the same worker, no broker, faults on demand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

#[path = "memory/bench.rs"]
mod bench;
#[path = "memory/conservation.rs"]
mod conservation;
#[path = "memory/determinism.rs"]
mod determinism;
#[path = "memory/ledger.rs"]
mod ledger;
#[path = "memory/published.rs"]
mod published;
#[path = "memory/traffic.rs"]
mod traffic;

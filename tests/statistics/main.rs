//! Tests of the statistics against other implementations, against their properties, and on simulated streams.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod detectable;
mod drift;
mod golden;
mod laws;
mod quality;
mod quality_golden;
mod quality_laws;
mod slo_chance;
mod slo_prometheus;
mod slo_rules;
mod stage;
mod volume;
mod volume_rules;
mod volume_simulation;
mod volume_traffic;

//! Detectors: a window's summary and the reference in, findings out. They never see Kafka and never read a clock.

mod finding;

pub mod drift;
pub mod quality;

pub use finding::{Family, Finding, Verdict};

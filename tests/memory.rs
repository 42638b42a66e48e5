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

use bench::{Plan, Run, events};

#[test]
fn a_shift_is_found_and_nothing_else() {
    let run = Run::over(&events(1, 30 * 60, 40), Plan::default());
    eprintln!("alerts {:?}", run.alerts().len());
    for a in run.alerts() {
        eprintln!("{}", String::from_utf8_lossy(a.value.as_ref().unwrap()));
    }
    eprintln!("reports {}", run.reports().len());
}

//! Tests of the whole pipeline on the log in memory: the real worker, no broker, faults on demand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

#[path = "memory/alarm.rs"]
mod alarm;
#[path = "memory/backfill.rs"]
mod backfill;
#[path = "memory/bench.rs"]
mod bench;
#[path = "memory/clocks.rs"]
mod clocks;
#[path = "memory/conservation.rs"]
mod conservation;
#[path = "memory/control.rs"]
mod control;
#[path = "memory/cost.rs"]
mod cost;
#[path = "memory/deployments.rs"]
mod deployments;
#[path = "memory/determinism.rs"]
mod determinism;
#[path = "memory/digest.rs"]
mod digest;
#[path = "memory/ending.rs"]
mod ending;
#[path = "memory/floods.rs"]
mod floods;
#[path = "memory/former.rs"]
mod former;
#[path = "memory/hanging.rs"]
mod hanging;
#[path = "memory/invariants.rs"]
mod invariants;
#[path = "memory/labels.rs"]
mod labels;
#[path = "memory/lasting.rs"]
mod lasting;
#[path = "memory/learning.rs"]
mod learning;
#[path = "memory/ledger.rs"]
mod ledger;
#[path = "memory/limits.rs"]
mod limits;
#[path = "memory/losses.rs"]
mod losses;
#[path = "support/memory_log/mod.rs"]
mod memory_log;
#[path = "memory/moving.rs"]
mod moving;
#[path = "memory/name_floods.rs"]
mod name_floods;
#[path = "memory/objectives.rs"]
mod objectives;
#[path = "memory/operational.rs"]
mod operational;
#[path = "memory/pinning.rs"]
mod pinning;
#[path = "memory/published.rs"]
mod published;
#[path = "memory/remarks.rs"]
mod remarks;
#[path = "memory/reports.rs"]
mod reports;
#[path = "memory/restart.rs"]
mod restart;
#[path = "memory/scenario.rs"]
mod scenario;
#[path = "memory/segments.rs"]
mod segments;
#[path = "memory/stages.rs"]
mod stages;
#[path = "memory/stalls.rs"]
mod stalls;
#[path = "memory/stories.rs"]
mod stories;
#[path = "memory/time.rs"]
mod time;
#[path = "memory/traffic.rs"]
mod traffic;
#[path = "memory/unjudged.rs"]
mod unjudged;
#[path = "memory/unpaged.rs"]
mod unpaged;
#[path = "memory/volume.rs"]
mod volume;

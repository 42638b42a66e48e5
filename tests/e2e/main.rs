//! Promises on a real broker: the real binary runs as a consumer group and is killed, stopped, left without input, and
//! given bad input.
//!
//! Every test creates its own input with event time in the past and reads the published records. `TIDEGAUGE_LONG=1`
//! selects the long variant of tests that have one.

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

use deployment::{outcome, recount, stream};

mod aliens;
mod backfill;
mod bad_input;
mod control;
mod damage;
mod exactly_once;
mod hangs;
mod invariance;
mod joined;
mod labelled;
mod labels;
mod labels_bad;
mod labels_lifecycle;
mod lifecycle;
mod resets;
mod smoke;
mod start_up;
mod stops;

//! The promises on a real broker: the real binary as a consumer group, killed, stopped, starved and fed what is broken.
//!
//! Every test makes its own input of event time in the past and reads what was published. `TIDEGAUGE_LONG=1` takes
//! the long way where there is one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod aliens;
mod bad_input;
mod deployment;
mod exactly_once;
mod invariance;
mod joined;
mod labelled;
mod labels;
mod labels_bad;
mod labels_lifecycle;
mod lifecycle;
mod outcome;
mod recount;
mod smoke;
mod start_up;
mod stream;

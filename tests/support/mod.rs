//! What the integration tests say to a real broker and to the real binary, in the words of a test.
//!
//! A test begins with `let Some(broker) = Broker::or_skip("its_name") else { return };` and from then on owns
//! its topics and groups: [`Broker::name`] makes names that no other test and no other run uses. Failures panic
//! with what was awaited or asked, so that the test itself stays a straight line.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary compiles this module and uses its own part of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod binary;
mod broker;
mod consume;
mod http;
mod kcat;
mod produce;
mod wait;

pub use binary::Tidegauge;
pub use broker::{Broker, Committed, Group};
pub use consume::{Header, Isolation, OpenTransactions, Received};
pub use http::{Response, free_port, get};
pub use kcat::kcat;
pub use produce::{Producer, Sent};
pub use wait::wait_for;

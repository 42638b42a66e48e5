//! Helpers of the integration tests for a real broker and the real binary.
//!
//! A test that needs one broker begins with `let Some(broker) = Broker::or_skip("its_name") else { return };`. It then owns its topics and
//! groups: [`Broker::name`] creates names that no other test and no other run uses. Helpers panic with a description of
//! the failed request or wait, so the test itself needs no branches.

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
mod cluster;
mod consume;
mod http;
mod kcat;
mod produce;
mod proxy;
mod secure;
mod wait;

pub use binary::Tidegauge;
pub use broker::{Broker, Committed, Group};
pub use cluster::{Cluster, NODES};
pub use consume::{Header, Isolation, OpenTransactions, Received};
pub use http::{Response, free_port, get};
pub use kcat::kcat;
pub use produce::{Producer, Sent};
pub use proxy::{ADD_OFFSETS_TO_TXN, Proxy, TXN_OFFSET_COMMIT};
pub use secure::{Login, SecureBroker};
pub use wait::wait_for;

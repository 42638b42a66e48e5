//! The join against a brute-force join, and its property tests: any order, any pieces, rebuilds, memory limits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod drive;
mod laws;
mod oracle;
mod streams;

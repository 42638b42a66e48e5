//! The stages as pure step functions: input → effects. No I/O, no clock, no client library.

mod plan;

pub use plan::{Bounds, Learning, Plan, Topics};

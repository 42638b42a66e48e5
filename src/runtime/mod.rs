//! The commit cycle over small ports.

pub mod meter;

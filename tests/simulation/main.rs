//! Simulation of the judging code: how often it alerts without a reason, and how soon it finds a fault.
//!
//! The real evaluate stage judges frames that are drawn from known distributions. No event is encoded: a frame holds the
//! counts of a quarter of an hour, drawn at once. So 30 days of 100 subjects at 100 events a minute take about a minute.
//!
//! - A **world** ([`world`]) says how ordinary traffic moves. It holds no fault, so every alert is false.
//! - A **fault** ([`fault`]) changes one subject, or the traffic, from one day on.
//!
//! A world, a fault or a movement is data: one line of a table adds one. Everything follows from the seed. The harness uses
//! only the contract of a stage, the plan as the configuration makes it, and published records. So it measures
//! whatever rules are in the tree.
//!
//! The short form runs with every test and holds the main promises loosely ([`promises`]). The long forms are ignored and
//! print tables: `scripts/simulate --help`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod distribution;
mod draws;
mod episodes;
mod false_alarms;
mod fault;
mod jobs;
mod model;
mod movement;
mod null_windows;
mod nulls;
mod options;
mod popularity;
mod promises;
mod sensitivity;
mod sketches;
mod stream;
mod subject;
mod traffic;
mod world;

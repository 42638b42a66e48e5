//! Tidegauge watches machine-learning models from the outside: predictions in, drift and data-quality alerts out, exactly once.
//!
//! The modules stand on floors, in the order in which the data flows; a module imports only from floors above it
//! in this list, and a test reads the imports and says so. Down to [`pipeline`] nothing names a client library,
//! a clock or the environment: the same code serves the consumer group, the demo and the tests.

pub mod event;

pub mod codec;

pub mod sketch;

pub mod window;

pub mod reference;

pub mod join;

pub mod stats;

pub mod detect;

pub mod alert;

pub mod pipeline;

pub mod runtime;

pub mod kafka;

pub mod http;

pub mod config;

pub mod cli;

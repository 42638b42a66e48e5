//! The program's own log: `tracing` to standard error, as text or as JSON lines.
//!
//! The rule for every line, at every level: names, counts, hashes, offsets, durations. Never a feature's value, never the id of a
//! prediction, never a payload, never a property that may be a secret. librdkafka's lines come through the same subscriber; they speak of
//! brokers, partitions and offsets only.

use tracing::level_filters::LevelFilter;

use super::Error;
use crate::config::{Format, Level, Log};

/// Starts the log for the rest of the process.
///
/// # Errors
/// That it was started before.
pub fn start(log: Log) -> Result<(), Error> {
    let lines = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level(log.level));
    match log.format {
        Format::Text => lines.try_init(),
        Format::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
    }
    .map_err(|_| {
        Error::Failed("the log was started twice; this is a bug, please report it".to_owned())
    })
}

fn level(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}

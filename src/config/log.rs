//! `log`: the log of the program.

use serde::{Deserialize, Serialize};

use super::words::words;

/// The log of the program, on standard error. It never contains feature values or ids of predictions, at any level:
/// only names, counts and hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Format of a log line: `text` for people, `json` for log collectors.
    pub format: Format,
    /// Lowest level that is written: `error`, `warn`, `info`, `debug` or `trace`. Messages of librdkafka are filtered
    /// by the same level. `RUST_LOG` is not read, so a variable that is set for another program has no effect here.
    pub level: Level,
}

words! {
    /// Format of a log line.
    Format {
        /// Plain text for people.
        #[default]
        Text = "text",
        /// One JSON object per line.
        Json = "json",
    }
}

words! {
    /// Lowest level that is written.
    Level {
        /// Failures that stop something.
        Error = "error",
        /// Problems that somebody should look at.
        Warn = "warn",
        /// Events such as starts and assignments.
        #[default]
        Info = "info",
        /// Details, such as each commit.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

//! `log`: the program's own log.

use serde::{Deserialize, Serialize};

use super::words::words;

/// The program's own log, on standard error. Feature values and ids of predictions never reach it, at any level: only names, counts, hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// How a line is written: `text` for people, `json` for collectors.
    pub format: Format,
    /// The least that is written: `error`, `warn`, `info`, `debug` or `trace`. librdkafka's own lines come at the same level. `RUST_LOG` is
    /// not read, so that a variable meant for another program changes nothing here.
    pub level: Level,
}

words! {
    /// How a line is written.
    Format {
        /// For people.
        #[default]
        Text = "text",
        /// One object per line.
        Json = "json",
    }
}

words! {
    /// The least that is written.
    Level {
        /// What stopped something.
        Error = "error",
        /// What somebody should look at.
        Warn = "warn",
        /// What happened.
        #[default]
        Info = "info",
        /// How it happened.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

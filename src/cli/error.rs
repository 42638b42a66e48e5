//! Error of a command, and its exit code.

use std::process::ExitCode;

use crate::config::ConfigFaults;
use crate::runtime::Hang;

/// EX_SOFTWARE of sysexits.h: no other failure has this code, and no shell uses it for a signal.
const HUNG: u8 = 70;

/// Reason why a command failed. The text is one sentence that says what failed, where, and how to fix it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Invalid configuration. Exit code 2.
    #[error(transparent)]
    Config(#[from] ConfigFaults),
    /// Argument that turns out to be wrong only when it is looked up. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Failure of the command itself. Exit code 1.
    #[error("{0}")]
    Failed(String),
    /// A worker does not move, and the process ends so that a supervisor starts it anew. Exit code 70.
    #[error(
        "worker {} has not moved for {:.0} s while {}: the process ends, so that its supervisor starts it \
         anew. What the worker had not committed is read again",
        .0.worker, .0.still.as_secs_f64(), .0.activity.phrase()
    )]
    Hung(Hang),
}

impl Error {
    /// Turns any other error into a failure with the same text.
    pub fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// Exit code of the process.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Config(_) | Self::Usage(_) => 2,
            Self::Failed(_) => 1,
            Self::Hung(_) => HUNG,
        })
    }
}

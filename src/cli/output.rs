//! Standard output of the commands.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use super::error::Error;

/// Writes a result to standard output. It is no failure if the reader closed early, as `| head` does.
pub(super) fn print(text: &str) -> Result<ExitCode, Error> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Failed(format!(
            "cannot write to standard output ({error}); redirect it elsewhere"
        ))),
        _ => Ok(ExitCode::SUCCESS),
    }
}

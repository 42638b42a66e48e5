//! `tidegauge reference show`: a readable picture of what was learned.

use std::process::ExitCode;

use super::Error;
use super::args::ConfigArgs;

/// Runs the command.
///
/// # Errors
/// When the cluster does not answer or the model has no reference.
pub fn execute(_model: Option<&str>, _settings: &ConfigArgs) -> Result<ExitCode, Error> {
    Err(Error::Failed("not yet".to_owned()))
}

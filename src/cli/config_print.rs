//! `tidegauge config print`: prints the effective configuration with secrets masked.

use std::process::ExitCode;

use super::args::ConfigArgs;
use super::{Error, print};
use crate::config;

/// Prints the configuration from file, environment and flags as YAML. Except for masked secrets, it can be read again.
///
/// # Errors
/// All faults of the configuration.
pub fn execute(settings: &ConfigArgs) -> Result<ExitCode, Error> {
    let checked = settings.load()?;
    print(&config::yaml(&checked.settings.masked()))
}

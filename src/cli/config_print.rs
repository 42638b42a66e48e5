//! `tidegauge config print`: the effective configuration, secrets masked.

use std::process::ExitCode;

use super::args::ConfigArgs;
use super::{Error, print};
use crate::config;

/// Prints what file, environment and flags make together, as YAML that can be read again (but for the masks).
///
/// # Errors
/// Every fault of the configuration.
pub fn execute(settings: &ConfigArgs) -> Result<ExitCode, Error> {
    let checked = settings.load()?;
    print(&config::yaml(&checked.settings.masked()))
}

//! `tidegauge check config FILE`: prints every fault of a file, or what its settings do.

use std::path::Path;
use std::process::ExitCode;

use super::{Error, connect, print};
use crate::config::{self, ConfigSources, Configuration};

/// Checks the file without the environment, so that the result is equal on every machine: no broker, and no file that it
/// names, is looked at.
///
/// # Errors
/// All faults of the file. If there is none, the first reason for which the Kafka client would not start.
pub fn execute(file: &Path) -> Result<ExitCode, Error> {
    let checked = config::load(&ConfigSources::default().file(file))?;
    connect::offline(&checked)
        .check_offline()
        .map_err(|fault| Error::Usage(format!("{}: {fault}", file.display())))?;
    print(&format!(
        "{} is valid: {}\n",
        file.display(),
        summary(&checked.settings)
    ))
}

fn summary(settings: &Configuration) -> String {
    let window = |w: &config::WindowConfig| format!("{} every {}", w.length, w.step);
    let windows: Vec<String> = settings.windows.iter().map(window).collect();
    let inputs = settings.topics.predictions.join(", ");
    format!(
        "group {} reads {inputs}, learns over {}, and judges windows of {}",
        settings.kafka.group,
        settings.learning.span,
        windows.join(", ")
    )
}

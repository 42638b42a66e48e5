//! `tidegauge check config FILE`: prints every fault of a file, or what its settings do.

use std::path::Path;
use std::process::ExitCode;

use super::{Error, print};
use crate::config::{self, ConfigSources, Configuration};

/// Checks the file without the environment, so that the result is equal on every machine.
///
/// # Errors
/// All faults of the file.
pub fn execute(file: &Path) -> Result<ExitCode, Error> {
    let checked = config::load(&ConfigSources::default().file(file))?;
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

//! `tidegauge offsets reset`: accepts a loss of records and prints the consequences.

use std::process::ExitCode;

use crate::kafka;

use super::args::{ConfigArgs, ResetChoice};
use super::{Error, connect, print};

/// Runs the command.
///
/// # Errors
/// When the group is still active or the cluster refuses.
pub fn execute(topic: &str, to: ResetChoice, settings: &ConfigArgs) -> Result<ExitCode, Error> {
    let checked = settings.load()?;
    let inputs: Vec<&str> = checked.plan.topics.inputs().map(String::as_str).collect();
    if !inputs.contains(&topic) {
        let known = inputs.join(", ");
        return Err(Error::Usage(format!(
            "{topic} is not an input topic of this configuration; use one of {known}"
        )));
    }
    let to = match to {
        ResetChoice::Earliest => kafka::ResetTo::Earliest,
        ResetChoice::Latest => kafka::ResetTo::Latest,
        ResetChoice::Committed => kafka::ResetTo::Committed,
    };
    let chosen = kafka::reset_offsets(&connect::kafka(&checked, 0)?, topic, to, fastrand::u64(..))
        .map_err(Error::failed)?;
    let lines = chosen.iter().enumerate();
    print(
        &lines
            .map(|(partition, offset)| {
                format!("{topic}[{partition}] continues at offset {offset}\n")
            })
            .collect::<String>(),
    )
}

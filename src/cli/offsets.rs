//! `tidegauge offsets reset`: shows for each partition what a reset skips, repeats or finds deleted, and resets.

use std::collections::BTreeSet;
use std::process::ExitCode;

use crate::kafka::{OffsetsReset, PartitionReset, ResetEffect, ResetTo};

use super::args::{ResetArgs, ResetChoice};
use super::{Error, Printable, connect, print};

/// Runs the command. Without `--yes` it refuses to skip records that are left, and to read records twice.
///
/// # Errors
/// When the group is still active, the cluster refuses, or consent is missing.
pub fn execute(args: &ResetArgs) -> Result<ExitCode, Error> {
    let checked = args.settings.load()?;
    let topic = args.topic.as_str();
    let topics = &checked.plan.topics;
    let inputs = topics.inputs().chain([&topics.control]);
    let inputs: Vec<&str> = inputs.map(String::as_str).collect();
    if !inputs.contains(&topic) {
        let known = inputs.join(", ");
        return Err(Error::Usage(format!(
            "{topic} is not an input topic of this configuration; use one of {known}"
        )));
    }
    let to = match args.to {
        ResetChoice::Earliest => ResetTo::Earliest,
        ResetChoice::Latest => ResetTo::Latest,
        ResetChoice::Committed => ResetTo::Committed,
    };
    let only: BTreeSet<i32> = args.partition.iter().copied().collect();
    let settings = connect::kafka(&checked, 0)?;
    let offsets = OffsetsReset::open(&settings, topic).map_err(Error::failed)?;
    if !args.dry_run {
        offsets.require_rest().map_err(Error::failed)?;
    }
    let panes = &checked.plan.topics.panes;
    offsets.require_history(panes).map_err(Error::failed)?;
    let plan = offsets.plan(to, &only).map_err(Error::failed)?;
    print(&shown(topic, &plan))?;
    if plan
        .iter()
        .all(|reset| reset.effect == ResetEffect::Unchanged)
    {
        return print("nothing to reset: every partition stands where it would continue\n");
    }
    if args.dry_run {
        return print("dry run: nothing was changed\n");
    }
    let doubtful = plan.iter().filter(|reset| reset.needs_consent).count();
    if doubtful > 0 && !args.yes {
        return Err(Error::Usage(format!(
            "nothing was changed: records of {doubtful} partitions would be skipped or read twice; if that is meant, run it again with --yes"
        )));
    }
    offsets
        .apply(&plan, fastrand::u64(..))
        .map_err(Error::failed)?;
    print("offsets written: start the processes of the group again\n")
}

/// One line for each partition.
fn shown(topic: &str, plan: &[PartitionReset]) -> String {
    let topic = Printable(topic);
    let line = |reset: &PartitionReset| format!("{topic}[{}]: {reset}\n", reset.partition);
    plan.iter().map(line).collect()
}

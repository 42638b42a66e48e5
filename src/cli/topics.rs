//! `tidegauge topics`: shows needed topics, creates missing ones, and reports differences.

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::config::CheckedConfig;
use crate::kafka::{self, Action, TopicSpec};

use super::args::{ConfigArgs, TopicsCommand};
use super::{Error, connect, print};

/// Runs the command.
///
/// # Errors
/// When the cluster does not answer or refuses, or a topic differs from what is needed.
pub fn execute(command: &TopicsCommand) -> Result<ExitCode, Error> {
    match command {
        TopicsCommand::Plan(args) => print(&described(&look(args)?.1)),
        TopicsCommand::Apply(args) => {
            let (checked, actions) = look(args)?;
            let created =
                kafka::apply(&connect::kafka(&checked, 0)?, &actions).map_err(Error::failed)?;
            mismatches(&actions)?;
            print(
                &created
                    .iter()
                    .map(|name| format!("created  {name}\n"))
                    .collect::<String>(),
            )
        }
        TopicsCommand::Verify(args) => {
            let (checked, actions) = look(args)?;
            print(&described(&actions))?;
            kafka::verify_inputs(&connect::kafka(&checked, 0)?, &checked.plan)
                .map_err(Error::failed)?;
            mismatches(&actions)?;
            let missing = actions
                .iter()
                .filter(|action| matches!(action, Action::Create(_)))
                .count();
            if missing > 0 {
                return Err(Error::Failed(format!(
                    "{missing} topics are missing: run `tidegauge topics apply`"
                )));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Creates missing topics unless that is disabled, and fails if a topic differs.
///
/// # Errors
/// Text with the topic and the fix.
pub fn ensure(checked: &CheckedConfig) -> Result<(), Error> {
    let settings = connect::kafka(checked, 0)?;
    kafka::verify_inputs(&settings, &checked.plan).map_err(Error::failed)?;
    let actions = kafka::plan_topics(&settings, &checked.plan, connect::replication(checked))
        .map_err(Error::failed)?;
    mismatches(&actions)?;
    if checked.settings.topics.create {
        for name in kafka::apply(&settings, &actions).map_err(Error::failed)? {
            tracing::info!(topic = name, "topic created");
        }
        return Ok(());
    }
    match actions.iter().find_map(|action| {
        if let Action::Create(spec) = action {
            Some(spec)
        } else {
            None
        }
    }) {
        None => Ok(()),
        Some(spec) => Err(Error::Failed(format!(
            "topic {} is missing and `topics.create` is false: run `tidegauge topics apply`, or create what `tidegauge topics plan` shows",
            spec.name
        ))),
    }
}

fn look(args: &ConfigArgs) -> Result<(CheckedConfig, Vec<Action>), Error> {
    let checked = args.load()?;
    let settings = connect::kafka(&checked, 0)?;
    let actions = kafka::plan_topics(&settings, &checked.plan, connect::replication(&checked));
    Ok((checked, actions.map_err(Error::failed)?))
}

fn mismatches(actions: &[Action]) -> Result<(), Error> {
    let wrong: Vec<String> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Mismatch { name, fix } => Some(format!("topic {name} {fix}")),
            _ => None,
        })
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Failed(wrong.join("\n")))
    }
}

fn described(actions: &[Action]) -> String {
    actions
        .iter()
        .map(|action| match action {
            Action::Create(spec) => format!("create   {}\n", of(spec)),
            Action::Keep(name) => format!("keep     {name}\n"),
            Action::Mismatch { name, fix } => format!("MISMATCH {name} {fix}\n"),
        })
        .collect()
}

fn of(spec: &TopicSpec) -> String {
    let mut line = format!("{}  partitions={}", spec.name, spec.partitions);
    if spec.replication > 0 {
        let _ = write!(line, " replication={}", spec.replication);
    }
    for (key, value) in &spec.config {
        let _ = write!(line, " {key}={value}");
    }
    line
}

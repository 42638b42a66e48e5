//! `tidegauge topics`: shows needed topics, creates missing ones, and reports differences.

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::config::CheckedConfig;
use crate::kafka::{self, Action, ClientSettings, Missing, TopicSpec};
use crate::runtime::Fault;

use super::args::{ConfigArgs, TopicsCommand};
use super::{Error, connect, print};

/// Runs the command.
///
/// # Errors
/// When the cluster does not answer or refuses, or a topic differs from what is needed.
pub fn execute(command: &TopicsCommand) -> Result<ExitCode, Error> {
    match command {
        TopicsCommand::Plan(args) => print(&described(&look(args, Missing::MayAppear)?.1)),
        TopicsCommand::Apply(args) => {
            let (checked, actions) = look(args, Missing::IsCreated)?;
            // All or nothing: a mismatch must be mended first, and its mending may need other topics than those that would be
            // created now.
            mismatches(&actions).map_err(Error::failed)?;
            let created =
                kafka::apply(&connect::kafka(&checked, 0)?, &actions).map_err(Error::failed)?;
            print(
                &created
                    .iter()
                    .map(|name| format!("created  {name}\n"))
                    .collect::<String>(),
            )
        }
        TopicsCommand::Verify(args) => {
            let (checked, actions) = look(args, Missing::MayAppear)?;
            print(&described(&actions))?;
            kafka::verify_inputs(&connect::kafka(&checked, 0)?, &checked.plan)
                .map_err(Error::failed)?;
            mismatches(&actions).map_err(Error::failed)?;
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
/// Text with the topic and the fix. The fault passes if no broker answers.
pub fn ensure(checked: &CheckedConfig, settings: &ClientSettings) -> Result<(), Fault> {
    kafka::verify_inputs(settings, &checked.plan)?;
    let creates = checked.settings.topics.create;
    let missing = if creates {
        Missing::IsCreated
    } else {
        Missing::MayAppear
    };
    let replication = connect::replication(checked);
    let actions = kafka::plan_topics(settings, &checked.plan, replication, missing)?;
    mismatches(&actions)?;
    if creates {
        for name in kafka::apply(settings, &actions)? {
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
        Some(spec) => Err(Fault::Fatal(format!(
            "topic {} is missing on {} and `topics.create` is false: run `tidegauge topics apply`, or create what `tidegauge topics plan` shows",
            spec.name, settings.brokers
        ))),
    }
}

fn look(args: &ConfigArgs, missing: Missing) -> Result<(CheckedConfig, Vec<Action>), Error> {
    let checked = args.load()?;
    let settings = connect::kafka(&checked, 0)?;
    let replication = connect::replication(&checked);
    let actions = kafka::plan_topics(&settings, &checked.plan, replication, missing);
    Ok((checked, actions.map_err(Error::failed)?))
}

fn mismatches(actions: &[Action]) -> Result<(), Fault> {
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
        Err(Fault::Fatal(wrong.join("\n")))
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

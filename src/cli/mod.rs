//! The commands. Results go to standard output, everything else to standard error.

pub mod args;
mod check;
mod config_print;
mod connect;
mod demo;
pub mod logs;
mod offsets;
mod reference;
mod run;
mod schema;
mod topics;

use std::process::ExitCode;

use clap::Parser;

use crate::config::ConfigFaults;
pub use schema::SCHEMAS;

use args::{
    CheckCommand, Cli, Command, ConfigCommand, OffsetsCommand, ReferenceCommand, SchemaCommand,
};

/// Why a command failed; its text is one sentence that says what, where, and the fix.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is at fault. Exit code 2.
    #[error(transparent)]
    Config(#[from] ConfigFaults),
    /// A wrong argument that is not known before it is looked up. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The command could not do it. Exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// Any other error as a failure, in its own words.
    pub fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Config(_) | Self::Usage(_) => 2,
            Self::Failed(_) => 1,
        })
    }
}

/// Runs the command line of this process: 0 done, 1 failed, 2 wrong usage or configuration.
#[must_use]
pub fn main() -> ExitCode {
    dispatch(&Cli::parse().command).unwrap_or_else(|error| {
        for line in error.to_string().lines() {
            eprintln!("tidegauge: {line}");
        }
        error.exit_code()
    })
}

fn dispatch(command: &Command) -> Result<ExitCode, Error> {
    match command {
        Command::Run(args) => run::execute(args),
        Command::Demo(args) => demo::execute(args),
        Command::Topics(command) => topics::execute(command),
        Command::Check(CheckCommand::Config { file }) => check::execute(file),
        Command::Config(ConfigCommand::Print(settings)) => config_print::execute(settings),
        Command::Schema(SchemaCommand::Print { name }) => schema::execute(name),
        Command::Reference(ReferenceCommand::Show { model, settings }) => {
            reference::execute(model.as_deref(), settings)
        }
        Command::Offsets(OffsetsCommand::Reset {
            topic,
            to,
            settings,
        }) => offsets::execute(topic, *to, settings),
    }
}

/// Writes a result to standard output; a reader that closed early (`| head`) is no failure.
fn print(text: &str) -> Result<ExitCode, Error> {
    use std::io::{ErrorKind, Write};
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Failed(format!(
            "standard output cannot be written ({error}); redirect it elsewhere"
        ))),
        _ => Ok(ExitCode::SUCCESS),
    }
}

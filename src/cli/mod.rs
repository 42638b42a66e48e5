//! Commands of the binary. Results go to standard output, everything else to standard error.

pub mod args;
mod broker_watch;
mod check;
mod config_print;
mod connect;
pub mod demo;
mod error;
pub mod logs;
mod offsets;
mod order;
mod order_check;
mod output;
mod printable;
mod reference;
mod run;
mod schema;
mod signals;
mod start_up;
mod topics;

use std::process::ExitCode;

use clap::Parser;

pub use error::Error;
pub use schema::SCHEMAS;

use args::{
    CheckCommand, Cli, Command, ConfigCommand, OffsetsCommand, ReferenceCommand, SchemaCommand,
};
use output::print;
use printable::Printable;

/// Runs the command line of this process. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 70 a
/// worker hangs.
#[must_use]
pub fn main() -> ExitCode {
    dispatch(&Cli::parse().command).unwrap_or_else(|error| {
        for line in error.to_string().lines() {
            eprintln!("tidegauge: {}", Printable(line));
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
        Command::Reference(ReferenceCommand::Relearn(args)) => order::relearn(args),
        Command::Reference(ReferenceCommand::Approve(args)) => order::approve(args),
        Command::Reference(ReferenceCommand::Pin(args)) => order::pin(args),
        Command::Offsets(OffsetsCommand::Reset(args)) => offsets::execute(args),
    }
}

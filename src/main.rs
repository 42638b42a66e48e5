//! The binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidegauge::cli::main()
}

//! `tidegauge schema print NAME`: prints the schemas of records, as built into this binary.

use std::process::ExitCode;

use super::{Error, print};

/// All schemas by name.
pub static SCHEMAS: &[(&str, &str)] = &[
    (
        "prediction",
        include_str!("../../schemas/prediction.schema.json"),
    ),
    ("label", include_str!("../../schemas/label.schema.json")),
    ("alert", include_str!("../../schemas/alert.schema.json")),
    ("report", include_str!("../../schemas/report.schema.json")),
    (
        "reference",
        include_str!("../../schemas/reference.schema.json"),
    ),
    ("quality", include_str!("../../schemas/quality.schema.json")),
    (
        "objective",
        include_str!("../../schemas/objective.schema.json"),
    ),
    ("order", include_str!("../../schemas/order.schema.json")),
    ("audit", include_str!("../../schemas/audit.schema.json")),
];

/// Names of all schemas, for help and errors.
pub(super) fn names() -> String {
    let names: Vec<&str> = SCHEMAS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// Prints the schema called `name`.
///
/// # Errors
/// When no schema has that name.
pub fn execute(name: &str) -> Result<ExitCode, Error> {
    let found = SCHEMAS.iter().find(|(known, _)| *known == name);
    let unknown = || Error::Usage(format!("no schema is named `{name}`; use {}", names()));
    print(found.ok_or_else(unknown)?.1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn help_names_every_schema() {
        let mut command = crate::cli::args::Cli::command();
        let schema = command.find_subcommand_mut("schema").unwrap();
        let print = schema.find_subcommand_mut("print").unwrap();
        let help = print.render_long_help().to_string();
        for (name, _) in SCHEMAS {
            assert!(help.contains(name), "{name}: {help}");
        }
    }
}

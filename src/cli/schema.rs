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
];

/// Prints the schema called `name`.
///
/// # Errors
/// When no schema has that name.
pub fn execute(name: &str) -> Result<ExitCode, Error> {
    let found = SCHEMAS.iter().find(|(known, _)| *known == name);
    let known: Vec<&str> = SCHEMAS.iter().map(|(known, _)| *known).collect();
    let unknown = || {
        Error::Usage(format!(
            "no schema is named `{name}`; use {}",
            known.join(", ")
        ))
    };
    print(found.ok_or_else(unknown)?.1)
}

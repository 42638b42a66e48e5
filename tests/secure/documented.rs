//! The rights that docs/operations.md lists, read from there.

use std::path::Path;

/// Bound on the number of documented rules; each has a user that lacks only that one.
pub const RULES_MAX: usize = 24;

/// Access rule of one operation on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Operation as in `kafka-acls.sh`: `Read`.
    pub operation: String,
    /// `topic`, `group` or `transactional-id`.
    pub resource: String,
    pub name: String,
    pub prefixed: bool,
}

impl Rule {
    /// Line for `scripts/kafka grant`.
    pub fn line(&self, principal: &str) -> String {
        let operation = match self.operation.as_str() {
            "DescribeConfigs" => "DESCRIBE_CONFIGS".to_owned(),
            other => other.to_uppercase(),
        };
        let resource = self.resource.to_uppercase().replace('-', "_");
        let pattern = if self.prefixed { "PREFIXED" } else { "LITERAL" };
        format!(
            "{principal} {operation} {resource} {pattern} {}\n",
            self.name
        )
    }
}

/// Name of the user that lacks rule number `i`.
pub fn user_without(i: usize) -> String {
    format!("lacks-{i}")
}

/// All documented rules, in their order.
pub fn rules() -> Vec<Rule> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let text = std::fs::read_to_string(file).unwrap();
    let (_, section) = text.split_once("\n## Rights\n").unwrap();
    let commands = section.lines().filter(|line| line.starts_with("acls --"));
    let rules: Vec<Rule> = commands.flat_map(parsed).collect();
    assert!((10..=RULES_MAX).contains(&rules.len()), "{rules:?}");
    rules
}

/// Rules of one command: each operation on each resource.
fn parsed(line: &str) -> Vec<Rule> {
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    let pairs: Vec<(&str, &str)> = words
        .chunks(2)
        .map(|pair| (pair[0].trim_start_matches("--"), pair[1]))
        .collect();
    let prefixed = pairs.contains(&("resource-pattern-type", "prefixed"));
    let operations = pairs.iter().filter(|(option, _)| *option == "operation");
    operations
        .flat_map(|(_, operation)| {
            let resources = ["topic", "group", "transactional-id"];
            let named = pairs
                .iter()
                .filter(move |(option, _)| resources.contains(option));
            named.map(move |(resource, name)| Rule {
                operation: (*operation).to_owned(),
                resource: (*resource).to_owned(),
                name: (*name).to_owned(),
                prefixed,
            })
        })
        .collect()
}

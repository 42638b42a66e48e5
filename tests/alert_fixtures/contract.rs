//! Checks of records against their JSON Schemas, and against golden files byte for byte.
//!
//! `TIDEGAUGE_BLESS=1 cargo test --test alert_records --test alert_objectives` writes the golden files again. Read the
//! difference before you commit.

use std::path::Path;

use serde_json::Value as Json;

pub fn root(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub fn validator(name: &str) -> jsonschema::Validator {
    let text = std::fs::read_to_string(root(&format!("schemas/{name}.schema.json"))).unwrap();
    let schema: Json = serde_json::from_str(&text).unwrap();
    assert!(jsonschema::meta::is_valid(&schema), "{name} is no schema");
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema).unwrap()
}

/// Fails with every fault that the schema finds.
pub fn keeps(validator: &jsonschema::Validator, bytes: &[u8]) {
    let record: Json = serde_json::from_slice(bytes).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&record)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}\n{record:#}");
}

pub fn golden(name: &str, bytes: &[u8]) {
    let path = root(&format!("tests/golden/{name}"));
    let pretty = pretty(bytes);
    if std::env::var_os("TIDEGAUGE_BLESS").is_some() {
        std::fs::write(&path, &pretty).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert_eq!(pretty, kept, "{name}");
}

/// Formats a record with one line per top-level field, in the order of the bytes.
fn pretty(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).unwrap();
    let (mut depth, mut quoted, mut escaped, mut out) = (0, false, false, String::new());
    for c in text.chars() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        if c == '}' && depth == 0 {
            out.push('\n');
        }
        out.push(c);
        if !quoted && depth == 1 && matches!(c, '{' | ',') {
            out.push('\n');
        }
    }
    out + "\n"
}

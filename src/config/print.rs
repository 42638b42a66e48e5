//! A configuration as YAML that can be read again.

use serde_json::{Map, Value};

use super::settings::Configuration;

/// `settings` as YAML, with keys in alphabetical order and unset keys as comments. Secrets are printed: mask them first.
#[must_use]
pub fn yaml(settings: &Configuration) -> String {
    let mut out = String::new();
    if let Ok(Value::Object(table)) = serde_json::to_value(settings) {
        write_table(&mut out, &table, "");
    }
    out
}

fn write_table(out: &mut String, table: &Map<String, Value>, indent: &str) {
    for (key, value) in table {
        let key = text(key);
        match value {
            Value::Null => out.push_str(&format!("{indent}# {key}: unset\n")),
            Value::Object(inner) if !inner.is_empty() => {
                out.push_str(&format!("{indent}{key}:\n"));
                write_table(out, inner, &format!("{indent}  "));
            }
            _ => out.push_str(&format!("{indent}{key}: {}\n", inline(value))),
        }
    }
}

/// Value on one line, in YAML's flow style. Unset keys of list elements are left out.
fn inline(value: &Value) -> String {
    match value {
        Value::String(plain) => text(plain),
        Value::Array(values) => format!(
            "[{}]",
            values.iter().map(inline).collect::<Vec<_>>().join(", ")
        ),
        Value::Object(table) => {
            let pairs: Vec<String> = table
                .iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(key, v)| format!("{}: {}", text(key), inline(v)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

/// Text without quotes if YAML reads it as text, otherwise in JSON's quotes, which YAML also reads.
fn text(plain: &str) -> String {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    let word = plain.starts_with(|c: char| c.is_ascii_alphanumeric()) && plain.chars().all(letters);
    let special = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan",
    ];
    let lower = plain.to_ascii_lowercase();
    if word && !special.contains(&lower.as_str()) && !starts_like_a_number(&lower) {
        plain.to_owned()
    } else {
        Value::from(plain).to_string()
    }
}

fn starts_like_a_number(lower: &str) -> bool {
    lower.parse::<f64>().is_ok() || lower.starts_with("0x") || lower.starts_with("0o")
}

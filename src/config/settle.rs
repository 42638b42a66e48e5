//! From the merged tree to the settings, with all faults on the way.
//!
//! serde stops at its first error. So the tree is first fitted to the shape of the defaults and then deserialised. A text that its
//! field still does not accept is reported and replaced by the default, and deserialising is tried again. Rejected alternative: a
//! hand-written reader for each section, which would name every key twice.

use config::{ConfigError, Value, ValueKind};
use serde_json::Value as Like;

use super::fault::ConfigFaults;
use super::objectives;
use super::settings::Configuration;
use super::shape::{LIST, default_kind, fit};

/// Maximum number of faults. It bounds the number of retries; nobody reads more.
const FAULTS_MAX: usize = 200;

/// Settings in `tree`, with the default wherever the tree has a fault.
pub(super) fn settle(mut tree: Value, faults: &mut ConfigFaults) -> Configuration {
    let defaults = shape();
    fit("", &mut tree, &defaults, faults);
    for _ in 0..FAULTS_MAX {
        match tree.clone().try_deserialize() {
            Ok(settings) => return settings,
            Err(error) => {
                let path = report(error, faults);
                reset(&mut tree, &path, &defaults);
            }
        }
    }
    Configuration::default()
}

/// Defaults; in place of a default list that is empty, the shape of its elements.
fn shape() -> Like {
    let mut shape = serde_json::to_value(Configuration::default()).unwrap_or_default();
    if let Some(objectives) = shape.get_mut("objectives") {
        *objectives = objectives::shape();
    }
    shape
}

/// Adds the fault that serde found and returns its path.
fn report(error: ConfigError, faults: &mut ConfigFaults) -> String {
    let (path, message) = match error {
        ConfigError::NotFound(path) => (
            path,
            "it is missing; set length and step of each window".to_owned(),
        ),
        ConfigError::Type {
            key, unexpected, ..
        } => (
            key.unwrap_or_default(),
            format!("{unexpected} is not allowed; write a whole number such as 3"),
        ),
        ConfigError::At { key, error, .. } => (key.unwrap_or_default(), error.to_string()),
        other => (String::new(), other.to_string()),
    };
    let path = path
        .replace("].", "]")
        .replace(']', "].")
        .trim_end_matches('.')
        .to_owned(); // the crate forgets some dots
    let (wrong, fix) = message.split_once("; ").unwrap_or((&message, "correct it"));
    faults.add(&path, wrong, fix);
    path
}

/// Replaces the value at `path` by its default.
fn reset(tree: &mut Value, path: &str, defaults: &Like) {
    let path = path.replace('[', ".").replace(']', "");
    let (mut at, mut like) = (tree, defaults);
    for part in path.split('.') {
        let (inner, inner_like) = match &mut at.kind {
            ValueKind::Table(table) => {
                let inner = table
                    .entry(part.to_owned())
                    .or_insert_with(|| Value::new(None, ValueKind::Nil));
                (Some(inner), like.get(part))
            }
            ValueKind::Array(values) => (
                part.parse().ok().and_then(|i: usize| values.get_mut(i)),
                like.get(0).or_else(|| like.get(LIST)),
            ),
            _ => (None, None),
        };
        let (Some(inner), Some(inner_like)) = (inner, inner_like) else {
            return;
        };
        (at, like) = (inner, inner_like);
    }
    at.kind = default_kind(like);
}

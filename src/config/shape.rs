//! Compares the merged tree with the defaults, which contain every key and its type. What does not fit is reported and removed.

use std::collections::BTreeMap;

use config::{Map, Value, ValueKind};
use serde_json::Value as Like;

use super::fault::{ConfigFaults, nearest};
use super::secret::is_secret;

/// The keys of one table, with their defaults.
type Table = serde_json::Map<String, Like>;

/// Marks a list that is empty by default. The value below the mark is the shape of an element.
pub(super) const LIST: &str = "\0list";
/// Marks a value that may be one word. The value below the mark is the shape of the long form.
pub(super) const WORD: &str = "\0word";

/// Shape below a mark.
fn marked<'a>(like: &'a Like, mark: &str) -> Option<&'a Like> {
    like.as_object().and_then(|table| table.get(mark))
}

/// Fits `value` to the shape of the default `like`: removes unknown keys, and replaces values of another type by the default.
pub(super) fn fit(path: &str, value: &mut Value, like: &Like, faults: &mut ConfigFaults) {
    if let Some(element) = marked(like, LIST) {
        return fit_listed(path, value, element, faults);
    }
    if let Some(at_length) = marked(like, WORD) {
        return fit_word(path, value, at_length, faults);
    }
    match like {
        Like::Object(known) if known.is_empty() => fit_open(path, value, faults),
        Like::Object(known) => fit_table(path, value, like, known, faults),
        Like::Array(elements) => fit_list(path, value, like, elements.first(), faults),
        _ => fit_scalar(path, value, like, faults),
    }
}

/// Fits a list that is empty by default.
fn fit_listed(path: &str, value: &mut Value, element: &Like, faults: &mut ConfigFaults) {
    let shown = element.as_object().map(joined).unwrap_or_default();
    if let ValueKind::Array(values) = &mut value.kind {
        for (i, inner) in values.iter_mut().enumerate() {
            fit(&format!("{path}[{i}]"), inner, element, faults);
        }
    } else {
        let wrong = format!("expected a list, found {}", kind(&value.kind));
        faults.add(
            path,
            wrong,
            format!("write a list of elements with the keys {shown}"),
        );
        value.kind = ValueKind::Array(Vec::new());
    }
}

/// Leaves one word as it is, and fits the long form.
fn fit_word(path: &str, value: &mut Value, at_length: &Like, faults: &mut ConfigFaults) {
    if !matches!(value.kind, ValueKind::String(_)) {
        fit(path, value, at_length, faults);
    }
}

fn fit_table(path: &str, value: &mut Value, like: &Like, known: &Table, faults: &mut ConfigFaults) {
    let ValueKind::Table(table) = &mut value.kind else {
        let wrong = format!("expected keys, found {}", kind(&value.kind));
        faults.add(path, wrong, format!("set {}", joined(known)));
        value.kind = default_kind(like);
        return;
    };
    table.retain(|_, inner| !matches!(inner.kind, ValueKind::Nil));
    table.retain(|key, inner| {
        let inner_path = below(path, key);
        match known.get(key) {
            Some(like) => fit(&inner_path, inner, like, faults),
            None => faults.add(&inner_path, "unknown key", suggestion(key, known)),
        }
        known.contains_key(key)
    });
}

fn suggestion(key: &str, known: &Table) -> String {
    match nearest(key, known.keys().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("use one of {}", joined(known)),
    }
}

fn joined(known: &Table) -> String {
    known
        .keys()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Fits a map with free keys: every value becomes text, and nested tables become names with dots (`sasl: {password: …}`).
fn fit_open(path: &str, value: &mut Value, faults: &mut ConfigFaults) {
    let mut flat = Map::new();
    match std::mem::take(&mut value.kind) {
        ValueKind::Table(table) => flatten("", table, path, &mut flat, faults),
        _ => faults.add(
            path,
            "expected a map of names and texts",
            "write `name: text` below it",
        ),
    }
    value.kind = ValueKind::Table(flat);
}

fn flatten(
    prefix: &str,
    table: Map<String, Value>,
    path: &str,
    flat: &mut Map<String, Value>,
    faults: &mut ConfigFaults,
) {
    let is_table = |(_, value): &(String, Value)| matches!(value.kind, ValueKind::Table(_));
    let table: BTreeMap<String, Value> = table.into_iter().collect();
    // tables first: a name with dots, as the environment gives it, wins over the same name in nested form
    let (tables, leaves): (Vec<_>, Vec<_>) = table.into_iter().partition(is_table);
    for (key, value) in tables.into_iter().chain(leaves) {
        let name = below(prefix, &key);
        match value.kind {
            ValueKind::Table(inner) => flatten(&name, inner, path, flat, faults),
            kind if keeps_its_text(&name, &kind) => {
                flat.insert(name, Value::new(None, kind.to_string()));
            }
            _ => faults.add(
                &below(path, &name),
                "the value is not one text",
                "put it in quotes",
            ),
        }
    }
}

/// True if a scalar keeps its text. YAML drops the zeros of 1.10 and of the password 0123.
fn keeps_its_text(name: &str, kind: &ValueKind) -> bool {
    match kind {
        ValueKind::String(_) | ValueKind::Boolean(_) => true,
        ValueKind::I64(_) => !is_secret(name),
        _ => false,
    }
}

fn fit_list(
    path: &str,
    value: &mut Value,
    like: &Like,
    element: Option<&Like>,
    faults: &mut ConfigFaults,
) {
    let text = Like::String(String::new());
    let element = element.unwrap_or(&text);
    match &mut value.kind {
        ValueKind::Array(values) => {
            for (i, inner) in values.iter_mut().enumerate() {
                fit(&format!("{path}[{i}]"), inner, element, faults);
            }
        }
        ValueKind::String(names) if element.is_string() => value.kind = split(names),
        _ => {
            faults.add(
                path,
                format!("expected a list, found {}", kind(&value.kind)),
                format!("write a list, such as {like}"),
            );
            value.kind = default_kind(like);
        }
    }
}

/// Splits `a,b` into a list, for the environment, flags and files.
fn split(names: &str) -> ValueKind {
    let parts = names
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    ValueKind::Array(parts.map(|part| Value::new(None, part)).collect())
}

fn fit_scalar(path: &str, value: &mut Value, like: &Like, faults: &mut ConfigFaults) {
    if value.origin().is_some() {
        parse(value, like);
    }
    if !fits(&value.kind, like) {
        let (wanted, example) = wanted(like);
        faults.add(
            path,
            format!("expected {wanted}, found {}", kind(&value.kind)),
            example,
        );
        value.kind = default_kind(like);
    }
}

fn fits(kind: &ValueKind, like: &Like) -> bool {
    match (kind, like) {
        (ValueKind::Boolean(_), Like::Bool(_)) | (ValueKind::String(_), Like::String(_)) => true,
        (ValueKind::I64(count), Like::Number(n)) => n.is_f64() || *count >= 0,
        (ValueKind::Float(x), Like::Number(n)) => n.is_f64() && x.is_finite(),
        (ValueKind::Table(_) | ValueKind::Array(_), _) => false,
        (_, like) => like.is_null(),
    }
}

/// Type of the default `like` in words, and how to write a value of it.
fn wanted(like: &Like) -> (&'static str, String) {
    let example = format!("write it like {like}");
    match like {
        Like::Bool(_) => ("true or false", example),
        Like::Number(n) if n.is_f64() => ("a number", example),
        Like::Number(_) => ("a whole number of at least 0", example),
        Like::String(text) if text.is_empty() => ("text", "put it in quotes".to_owned()),
        Like::Null => ("one value", "write the value on the same line".to_owned()),
        _ => ("text", example),
    }
}

/// Parses text from outside the file as the type of the default. Leaves text that does not parse.
fn parse(value: &mut Value, like: &Like) {
    let ValueKind::String(text) = &value.kind else {
        return;
    };
    let parsed = match like {
        Like::Bool(_) => text.parse().ok().map(ValueKind::Boolean),
        Like::Number(n) if n.is_f64() => text.parse().ok().map(ValueKind::Float),
        Like::Number(_) => text.parse().ok().map(ValueKind::I64),
        _ => None,
    };
    if let Some(kind) = parsed {
        value.kind = kind;
    }
}

/// Default `like` as a value of the `config` crate.
pub(super) fn default_kind(like: &Like) -> ValueKind {
    match like {
        like if marked(like, LIST).is_some() => ValueKind::Array(Vec::new()),
        like if marked(like, WORD).is_some() => ValueKind::String(String::new()),
        Like::Null => ValueKind::Nil,
        Like::Bool(b) => ValueKind::Boolean(*b),
        Like::Number(n) => n
            .as_i64()
            .map_or(ValueKind::Float(n.as_f64().unwrap_or(0.0)), ValueKind::I64),
        Like::String(text) => ValueKind::String(text.clone()),
        Like::Array(values) => ValueKind::Array(values.iter().map(default_value).collect()),
        Like::Object(table) => ValueKind::Table(
            table
                .iter()
                .map(|(key, value)| (key.clone(), default_value(value)))
                .collect(),
        ),
    }
}

fn default_value(like: &Like) -> Value {
    Value::new(None, default_kind(like))
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Kind of a value in words. A text is shown, because properties are never described here.
fn kind(kind: &ValueKind) -> String {
    match kind {
        ValueKind::Nil => "nothing".to_owned(),
        ValueKind::Table(_) => "a map".to_owned(),
        ValueKind::Array(_) => "a list".to_owned(),
        ValueKind::String(text) => format!("the text `{text}`"),
        other => format!("`{other}`"),
    }
}

//! Compares the reference page and the example file with the doc comments in `src/config`, from which they are
//! generated.
//!
//! After a change, run `UPDATE_DOCS=1 cargo test --test config_docs` to write both files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tidegauge::config::{ConfigSources, Configuration, ObjectiveConfig, load, yaml};

/// Field as declared in the source.
#[derive(Debug, Clone)]
struct Field {
    doc: String,
    name: String,
    kind: String,
}

/// Documentation of a struct, and its fields in the order of the source.
type Struct = (String, Vec<Field>);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns every struct with public fields in `src/config`.
fn structs() -> BTreeMap<String, Struct> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root().join("src/config")).unwrap() {
        parse(
            &fs::read_to_string(entry.unwrap().path()).unwrap(),
            &mut found,
        );
    }
    found
}

fn parse(source: &str, found: &mut BTreeMap<String, Struct>) {
    let mut doc = Vec::new();
    let mut open: Option<String> = None;
    for line in source.lines() {
        let text = line.trim();
        if let Some(words) = text.strip_prefix("///") {
            doc.push(words.trim().to_owned());
        } else if let Some(name) = text
            .strip_prefix("pub struct ")
            .and_then(|t| t.strip_suffix(" {"))
        {
            found.insert(name.to_owned(), (doc.join(" "), Vec::new()));
            open = Some(name.to_owned());
            doc.clear();
        } else if line == "}" {
            open = None;
        } else if let (Some(name), Some((field, kind))) = (
            &open,
            text.strip_prefix("pub ").and_then(|t| t.split_once(": ")),
        ) {
            let (doc, name_of, kind) = (
                std::mem::take(&mut doc).join(" "),
                field.to_owned(),
                kind.trim_end_matches(',').to_owned(),
            );
            found.get_mut(name).unwrap().1.push(Field {
                doc,
                name: name_of,
                kind,
            });
        } else if !text.starts_with("#[") {
            doc.clear();
        }
    }
}

/// Top-level key: a value, or a section (or list elements) with its own fields.
struct Section {
    field: Field,
    fields: Vec<Field>,
}

impl Section {
    /// Path of a field, as used in fault messages.
    fn path(&self, field: &Field) -> String {
        let list = if self.field.kind.starts_with("Vec<") {
            "[]"
        } else {
            ""
        };
        format!("{}{list}.{}", self.field.name, field.name)
    }
}

fn sections() -> Vec<Section> {
    let structs = structs();
    let section = |field: &Field| {
        let inner = field.kind.trim_start_matches("Vec<").trim_end_matches('>');
        let (doc, fields) = structs.get(inner).cloned().unwrap_or_default();
        let doc = if field.kind.starts_with("Vec<") || doc.is_empty() {
            field.doc.clone()
        } else {
            doc
        };
        Section {
            field: Field {
                doc,
                ..field.clone()
            },
            fields,
        }
    };
    structs["Configuration"].1.iter().map(section).collect()
}

/// Default of each key in YAML, by path. Keys without a default are absent.
fn defaults() -> BTreeMap<String, String> {
    let mut section = "";
    let mut found = BTreeMap::new();
    let text = yaml(&Configuration::default());
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        let (key, value) = line.split_once(':').unwrap();
        match (key.strip_prefix("  "), value.trim()) {
            (Some(key), value) => drop(found.insert(format!("{section}.{key}"), value.to_owned())),
            (None, "") => section = key,
            (None, value) => drop(found.insert(key.to_owned(), value.to_owned())),
        }
    }
    found
}

const REFERENCE_HEAD: &str = "\
# Configuration

This page is generated from the doc comments in `src/config` by `tests/config_docs.rs`; edit those comments.

Every key has a default: `tidegauge run --brokers HOST:PORT --predictions TOPIC` needs no file. Settings come from three
sources; later ones win:

1. a file, `.yaml`, `.yml` or `.toml` (`--config`);
2. the environment: `TIDEGAUGE__SECTION__KEY`, such as `TIDEGAUGE__RUNTIME__WORKERS=4`. Commas separate the elements of a
   list. `TIDEGAUGE__KAFKA__PROPERTIES__SASL_PASSWORD` is the librdkafka property `sasl.password`. Keys from the
   environment are read in lower case;
3. flags.

`tidegauge check config FILE` shows every fault of a file with its fix. `tidegauge config print` shows the effective
settings, with secrets masked. Write a length of time like `30s`, `15m`, `1h30m` or `7d`; a day is 24 hours. An unknown
key is an error. [tidegauge.example.yaml](../tidegauge.example.yaml) contains all keys with comments.
";

fn reference() -> String {
    let defaults = defaults();
    let stated = |path: &str| match defaults.get(path) {
        Some(value) => format!("Default: `{value}`."),
        None => "Default: unset.".to_owned(),
    };
    let mut out = REFERENCE_HEAD.to_owned();
    for section in sections() {
        let name = &section.field.name;
        out += &format!("\n## `{name}`\n\n{}\n", section.field.doc);
        if let Some(default) = defaults.get(name) {
            out += &format!("Default: `{default}`.\n");
        }
        for field in &section.fields {
            let path = section.path(field);
            let default = if path.contains("[]") {
                String::new()
            } else {
                format!(" {}", stated(&path))
            };
            out += &format!("\n### `{path}`\n\n{}{default}\n", field.doc);
        }
    }
    out + &refused()
}

fn refused() -> String {
    let row =
        |(name, reason, fix): &(&str, &str, &str)| format!("| `{name}` | {reason} | {fix} |\n");
    let rows: String = tidegauge::config::REFUSED.iter().map(row).collect();
    format!(
        "\n## Properties that are refused\n\n| in `kafka.properties` | because | instead |\n|---|---|---|\n{rows}"
    )
}

const EXAMPLE_HEAD: &str = "\
# All settings with their defaults. Delete what you do not change.
# This file and docs/configuration.md are generated from the doc comments in src/config by tests/config_docs.rs.
";

fn example() -> String {
    let defaults = defaults();
    let mut out = EXAMPLE_HEAD.to_owned();
    for section in sections() {
        let name = &section.field.name;
        out += &format!("\n{}", comment(&section.field.doc, ""));
        match defaults.get(name) {
            Some(value) => {
                for field in &section.fields {
                    out += &comment(&format!("{}: {}", field.name, field.doc), "");
                }
                out += &format!("{name}: {value}\n");
            }
            None => {
                out += &format!("{name}:\n");
                for field in &section.fields {
                    out += &comment(&field.doc, "  ");
                    out += &setting(field, defaults.get(&section.path(field)));
                }
            }
        }
    }
    out
}

fn setting(field: &Field, default: Option<&String>) -> String {
    match default {
        Some(value) => format!("  {}: {value}\n", field.name),
        None => format!("  # {}: {}\n", field.name, in_example(field)),
    }
}

/// Text of "For example `…`" in a doc comment. A field without a default must have one.
fn in_example(field: &Field) -> &str {
    let (_, rest) = field
        .doc
        .rsplit_once("For example `")
        .unwrap_or_else(|| panic!("{} has no default and no example", field.name));
    rest.split('`').next().unwrap()
}

/// Formats `text` as comment lines of about 110 columns.
fn comment(text: &str, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        if lines.last().unwrap().len() + word.len() > 106 {
            lines.push(String::new());
        }
        let line = lines.last_mut().unwrap();
        *line += if line.is_empty() { "" } else { " " };
        *line += word;
    }
    lines
        .iter()
        .map(|line| format!("{indent}# {line}\n"))
        .collect()
}

fn assert_current(path: &str, made: &str) {
    let file: PathBuf = root().join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, made).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let differing = kept
        .lines()
        .zip(made.lines())
        .find(|(kept, made)| kept != made);
    assert!(
        kept == made,
        "{path} is not current ({differing:?}); run UPDATE_DOCS=1 cargo test --test config_docs"
    );
}

#[test]
fn the_reference_is_current() {
    assert_current("docs/configuration.md", &reference());
}

#[test]
fn the_example_is_current() {
    assert_current("tidegauge.example.yaml", &example());
}

#[test]
fn the_example_says_the_defaults() {
    let checked =
        load(&ConfigSources::default().file(root().join("tidegauge.example.yaml"))).unwrap();
    assert_eq!(checked.settings, Configuration::default());
}

/// Ensures that the values shown in the example for unset keys are valid.
#[test]
fn the_example_parses_with_every_unset_key_set() {
    let text = fs::read_to_string(root().join("tidegauge.example.yaml")).unwrap();
    let is_setting = |line: &str| {
        line.starts_with("  # ")
            && line[4..]
                .split_once(": ")
                .is_some_and(|(key, _)| !key.contains(' ') && !key.is_empty())
    };
    let uncommented: String = text.lines().map(|line| if is_setting(line) { line.replacen("# ", "", 1) } else { line.to_owned() } + "\n").collect();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("uncommented.yaml");
    fs::write(&file, uncommented).unwrap();
    let checked = load(&ConfigSources::default().file(file)).unwrap();
    assert_eq!(checked.settings.topics.replication, Some(3));
    assert!(!yaml(&checked.settings).contains("unset"));
}

#[test]
fn every_key_is_documented_and_every_documented_key_exists() {
    let mut tree = serde_json::to_value(Configuration::default()).unwrap();
    tree["objectives"] = serde_json::json!([ObjectiveConfig::default()]); // this list is empty by default
    let known: BTreeSet<String> = leaves(&tree);
    let documented = |s: &Section| match s.fields.as_slice() {
        [] => vec![s.field.name.clone()],
        fields => fields.iter().map(|field| s.path(field)).collect(),
    };
    let sections = sections();
    assert_eq!(
        sections
            .iter()
            .flat_map(documented)
            .collect::<BTreeSet<_>>(),
        known
    );
    for field in sections
        .iter()
        .flat_map(|s| s.fields.iter().chain([&s.field]))
    {
        assert!(
            field.doc.ends_with('.') && field.doc.len() > 25,
            "{}: `{}` explains nothing",
            field.name,
            field.doc
        );
    }
}

/// Paths of the settings, two levels deep.
fn leaves(tree: &serde_json::Value) -> BTreeSet<String> {
    let inner = |name: &String, value: &serde_json::Value| -> Vec<String> {
        let (table, list) = match value {
            serde_json::Value::Array(elements) => (elements[0].as_object(), "[]"),
            other => (other.as_object(), ""),
        };
        table.map_or(vec![name.clone()], |table| {
            table
                .keys()
                .map(|key| format!("{name}{list}.{key}"))
                .collect()
        })
    };
    tree.as_object()
        .unwrap()
        .iter()
        .flat_map(|(name, value)| inner(name, value))
        .collect()
}

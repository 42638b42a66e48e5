//! Sources of a configuration: a file, then the environment, then flags. The `config` crate merges them; later ones win.

use std::fmt;
use std::path::PathBuf;

use config::{Config, ConfigError, File, FileFormat, Map, Source, Value};

use super::fault::ConfigFaults;

/// Prefix of environment variables. `__` separates the parts of a path.
const PREFIX: &str = "TIDEGAUGE__";

/// Sources of a configuration. Later additions win over earlier ones, and all of them win over the file.
#[derive(Debug, Clone, Default)]
pub struct ConfigSources {
    file: Option<PathBuf>,
    assignments: Vec<Assignment>,
}

/// One key that is set outside the file.
#[derive(Clone)]
struct Assignment {
    path: Vec<String>,
    text: String,
    origin: String,
}

impl fmt::Debug for Assignment {
    /// Leaves out the text, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} set by {}", self.path.join("."), self.origin)
    }
}

impl ConfigSources {
    /// Adds the file at `path`. Its extension says if it is YAML or TOML.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Adds the `variables` whose names begin with `TIDEGAUGE__`. The rest of a name is read in lower case;
    /// `TIDEGAUGE__KAFKA__PROPERTIES__SASL_PASSWORD` is the property `sasl.password`.
    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut ours: Vec<_> = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        ours.sort();
        for (name, text) in ours {
            let path = variable_path(&name);
            self.assignments.push(Assignment {
                path,
                text,
                origin: name,
            });
        }
        self
    }

    /// Sets `path` (`kafka.brokers`) to `text` from the flag `origin` (`--brokers`). Commas separate the elements of a list.
    #[must_use]
    pub fn flag(mut self, origin: &str, path: &str, text: impl Into<String>) -> Self {
        self.assignments.push(Assignment {
            path: path.split('.').map(str::to_owned).collect(),
            text: text.into(),
            origin: origin.to_owned(),
        });
        self
    }

    /// Name of the file, if there is one.
    pub(super) fn file_name(&self) -> Option<String> {
        self.file.as_ref().map(|file| file.display().to_string())
    }

    /// Variable or flag that last set `path` or the list that contains it; `None` for the file.
    pub(super) fn origin(&self, path: &str) -> Option<String> {
        let list = path.split('[').next().unwrap_or(path);
        let set = |a: &&Assignment| a.path.join(".") == path || a.path.join(".") == list;
        self.assignments
            .iter()
            .rev()
            .find(set)
            .map(|a| a.origin.clone())
    }

    /// All sources merged into one tree.
    pub(super) fn merged(&self) -> Result<Value, ConfigFaults> {
        let mut builder = Config::builder();
        if let Some((text, format)) = self.text()? {
            builder = builder.add_source(File::from_str(&text, format));
        }
        for assignment in &self.assignments {
            builder = builder.add_source(assignment.clone());
        }
        let merged = builder.build().map_err(|error| self.unreadable(&error))?;
        Ok(merged.cache)
    }

    fn text(&self) -> Result<Option<(String, FileFormat)>, ConfigFaults> {
        let Some(path) = &self.file else {
            return Ok(None);
        };
        let name = path.display().to_string();
        let format = match path.extension().and_then(|ending| ending.to_str()) {
            Some("yaml" | "yml") => FileFormat::Yaml,
            Some("toml") => FileFormat::Toml,
            _ => {
                return Err(ConfigFaults::one(
                    &name,
                    "the file name has no known extension",
                    "use a file that ends in .yaml, .yml or .toml",
                ));
            }
        };
        let fix = "give --config a file that exists and can be read";
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigFaults::one(&name, format!("it cannot be read ({error})"), fix)
        })?;
        let blank = text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim().starts_with('#'));
        Ok((!blank).then_some((text, format)))
    }

    /// Fault of a source that cannot be parsed. Leaves out the lines in which the parser quotes the file: they might hold a secret.
    fn unreadable(&self, error: &ConfigError) -> ConfigFaults {
        let name = self
            .file
            .as_ref()
            .map_or("configuration".to_owned(), |f| f.display().to_string());
        let unquoted: Vec<String> = error
            .to_string()
            .lines()
            .filter(|line| !line.contains('|'))
            .map(|line| line.trim().to_owned())
            .collect();
        let text = unquoted.join(": ");
        match duplicate_key(&text) {
            Some(wrong) => ConfigFaults::one(&name, wrong, "remove one, or join the two"),
            None => ConfigFaults::one(
                &name,
                text,
                "correct it; `tidegauge config print` shows a complete configuration",
            ),
        }
    }
}

/// Fault of a key that occurs twice in one map, from the message of the YAML parser, which prints the key in Rust's debug
/// form: `String("kafka"): duplicated key in mapping at byte 59 line 4 column 2`. `None` for every other message.
fn duplicate_key(text: &str) -> Option<String> {
    let (key, place) = text.split_once(": duplicated key in mapping")?;
    let inner = key.split_once('(')?.1.trim_end_matches(')');
    let key = inner.trim_matches('"');
    let mut words = place.split_whitespace();
    let line = words.by_ref().find(|word| *word == "line");
    let line = line.and_then(|_| words.next());
    let place = line.map_or_else(String::new, |line| {
        format!(" (the second ends in line {line})")
    });
    Some(format!("the key `{key}` occurs twice{place}"))
}

/// `TIDEGAUGE__KAFKA__GROUP` → kafka, group. Below `kafka.properties` the rest is one name with dots.
fn variable_path(name: &str) -> Vec<String> {
    let path = name
        .get(PREFIX.len()..)
        .unwrap_or_default()
        .to_ascii_lowercase();
    match path.strip_prefix("kafka__properties__") {
        Some(property) => {
            let property = property.replace("__", ".").replace('_', ".");
            vec!["kafka".to_owned(), "properties".to_owned(), property]
        }
        None => path.split("__").map(str::to_owned).collect(),
    }
}

impl Source for Assignment {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    /// One branch with one leaf. The leaf carries its origin, which distinguishes text from outside from text of the file.
    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut parts = self.path.iter().rev();
        let mut branch = Map::new();
        let mut value = Value::new(Some(&self.origin), self.text.clone());
        if let Some(leaf) = parts.next() {
            branch.insert(leaf.clone(), value);
        }
        for part in parts {
            value = Value::new(Some(&self.origin), branch);
            branch = Map::from_iter([(part.clone(), value)]);
        }
        Ok(branch)
    }
}

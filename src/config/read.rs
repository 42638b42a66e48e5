//! Where a configuration comes from: a file, over it the environment, over it flags; merged by the `config` crate.

use std::fmt;
use std::path::PathBuf;

use config::{Config, ConfigError, File, FileFormat, Map, Source, Value};

use super::fault::ConfigFaults;

/// What the names of environment variables begin with; `__` stands between the parts of a path.
const PREFIX: &str = "TIDEGAUGE__";

/// Where a configuration is read from; later additions win over earlier ones, and all of them over the file.
#[derive(Debug, Clone, Default)]
pub struct ConfigSources {
    file: Option<PathBuf>,
    assignments: Vec<Assignment>,
}

/// One key set by something outside the file.
#[derive(Clone)]
struct Assignment {
    path: Vec<String>,
    text: String,
    origin: String,
}

impl fmt::Debug for Assignment {
    /// Without the text, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} set by {}", self.path.join("."), self.origin)
    }
}

impl ConfigSources {
    /// With the file at `path`; its ending says whether it is YAML or TOML.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// With those of `variables` that begin with `TIDEGAUGE__`. Upper and lower case are the same; `TIDEGAUGE__KAFKA__PROPERTIES__SASL_PASSWORD` is
    /// the property `sasl.password`.
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

    /// With `path` (`kafka.brokers`) set to `text` by the flag `origin` (`--brokers`); parts of a list stand between commas.
    #[must_use]
    pub fn flag(mut self, origin: &str, path: &str, text: impl Into<String>) -> Self {
        self.assignments.push(Assignment {
            path: path.split('.').map(str::to_owned).collect(),
            text: text.into(),
            origin: origin.to_owned(),
        });
        self
    }

    /// What set `path` last, or the list it is an element of; `None` for the file.
    pub(super) fn origin(&self, path: &str) -> Option<String> {
        let list = path.split('[').next().unwrap_or(path);
        let set = |a: &&Assignment| a.path.join(".") == path || a.path.join(".") == list;
        self.assignments
            .iter()
            .rev()
            .find(set)
            .map(|a| a.origin.clone())
    }

    /// All sources as one tree.
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
                    "the name does not say what it is",
                    "let it end in .yaml, .yml or .toml",
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

    /// Without the lines in which a parser quotes the file: they might hold a secret.
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
        ConfigFaults::one(
            &name,
            unquoted.join(": "),
            "correct it there; `tidegauge config print` shows a whole one",
        )
    }
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

    /// One branch with one leaf, which knows its origin: that is how text from outside is told from a file's.
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

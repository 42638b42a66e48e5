//! Faults of a configuration: all at once, each with its path and the fix.

use std::fmt;

/// One fault: where it is, what is wrong, and what to write instead. It never contains the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigFault {
    /// Path, such as `windows[1].step`; the name of the file if the file could not be read.
    pub path: String,
    /// What is wrong.
    pub wrong: String,
    /// How to correct it.
    pub fix: String,
    /// Environment variable or flag that set the value; `None` for the file and for defaults.
    pub origin: Option<String>,
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.path, self.wrong, self.fix)?;
        match &self.origin {
            Some(origin) => write!(f, " (set by {origin})"),
            None => Ok(()),
        }
    }
}

/// All faults of a configuration, by path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigFaults {
    faults: Vec<ConfigFault>,
    /// Name of the file that was read, if there is one.
    file: Option<String>,
}

impl ConfigFaults {
    /// Exactly one fault.
    #[must_use]
    pub fn one(path: &str, wrong: impl Into<String>, fix: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add(path, wrong, fix);
        faults
    }

    /// Adds a fault. A second fault with the same path is dropped, because most likely it only follows from the first.
    pub fn add(&mut self, path: &str, wrong: impl Into<String>, fix: impl Into<String>) {
        if self.faults.iter().any(|fault| fault.path == path) {
            return;
        }
        self.faults.push(ConfigFault {
            path: path.to_owned(),
            wrong: wrong.into(),
            fix: fix.into(),
            origin: None,
        });
    }

    /// Adds a fault unless `holds`.
    pub fn require(&mut self, holds: bool, path: &str, wrong: impl Into<String>, fix: &str) {
        if !holds {
            self.add(path, wrong, fix);
        }
    }

    /// Adds a fault unless `value` lies in `range`.
    pub fn require_within<T: PartialOrd + fmt::Display>(
        &mut self,
        path: &str,
        value: &T,
        range: std::ops::RangeInclusive<T>,
    ) {
        if !range.contains(value) {
            let (low, high) = (range.start(), range.end());
            self.add(
                path,
                format!("{value} is out of range"),
                format!("use {low} to {high}"),
            );
        }
    }

    /// True if there is no fault.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// True if there is a fault at `path` or in a list at `path`.
    pub(super) fn touch(&self, path: &str) -> bool {
        self.faults
            .iter()
            .any(|fault| fault.path.split('[').next() == Some(path))
    }

    /// True if there is a fault at `path` or below it.
    pub(super) fn touch_within(&self, path: &str) -> bool {
        let below = |fault: &ConfigFault| {
            let rest = fault.path.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.faults.iter().any(below)
    }

    /// The faults, by path.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigFault> {
        self.faults.iter()
    }

    /// Names the file that the faults without another origin come from.
    pub(super) fn of_file(mut self, file: Option<String>) -> Self {
        self.file = file;
        self
    }

    /// `value` if there is no fault, otherwise the faults by path. `origin` gives the variable or flag that set a path.
    ///
    /// # Errors
    /// The faults.
    pub(super) fn or<T>(
        mut self,
        value: T,
        origin: impl Fn(&str) -> Option<String>,
    ) -> Result<T, Self> {
        if self.is_empty() {
            return Ok(value);
        }
        for fault in &mut self.faults {
            fault.origin = origin(&fault.path);
        }
        self.faults.sort();
        Err(self)
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_of_file = |file: &String| {
            let mut faults = self.faults.iter();
            faults.any(|fault| fault.origin.is_none() && fault.path != *file)
        };
        if let Some(file) = self.file.as_ref().filter(|file| is_of_file(file)) {
            writeln!(f, "{file} has faults:")?;
        }
        for (i, fault) in self.faults.iter().enumerate() {
            let line_end = if i + 1 < self.faults.len() { "\n" } else { "" };
            write!(f, "{fault}{line_end}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigFaults {}

/// The name in `known` that a mistyped `name` most likely meant: at most two in five of its letters differ.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|k| (strsim::levenshtein(name, k), k))
        .filter(|(edits, k)| edits * 5 <= 2 * k.len().max(name.len()))
        .min()
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["brokers", "group", "properties"];
        assert_eq!(nearest("broker", known), Some("brokers"));
        assert_eq!(
            nearest("gorup", known),
            Some("group"),
            "two letters changed places"
        );
        assert_eq!(nearest("timeout", known), None);
    }
}

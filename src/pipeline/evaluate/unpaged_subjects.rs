//! The subjects of a model that open no alerts, as they were last decided.

use std::collections::{BTreeMap, BTreeSet};

use crate::pipeline::unpaged::Unpaged;
use crate::sketch::Subject;

/// Subjects of a model that open no alerts. It follows from what is known and from the plan, and is not persisted.
#[derive(Debug, Default)]
pub struct UnpagedSubjects {
    by_subject: BTreeMap<Subject, Unpaged>,
    idle_patterns: Option<BTreeSet<String>>,
}

impl UnpagedSubjects {
    /// The subjects with their reasons, and the patterns of `detect.exclude` that match no learned subject; `None` before the
    /// first reference.
    pub fn new(
        by_subject: BTreeMap<Subject, Unpaged>,
        idle_patterns: Option<BTreeSet<String>>,
    ) -> Self {
        Self {
            by_subject,
            idle_patterns,
        }
    }

    /// True if findings of `detector` on `subject` reach the alerts.
    pub fn pages(&self, subject: Option<&Subject>, detector: &str) -> bool {
        let why = subject.and_then(|subject| self.by_subject.get(subject));
        why.is_none_or(|why| !why.silences(detector))
    }

    /// True if no finding on `subject` reaches the alerts.
    pub fn is_excluded(&self, subject: &Subject) -> bool {
        self.by_subject.get(subject) == Some(&Unpaged::Excluded)
    }

    /// The subjects with their reasons.
    pub fn iter(&self) -> impl Iterator<Item = (&Subject, Unpaged)> {
        self.by_subject.iter().map(|(subject, why)| (subject, *why))
    }

    /// Patterns of `detect.exclude` that match no learned subject; `None` before the first reference.
    pub fn idle_patterns(&self) -> Option<&BTreeSet<String>> {
        self.idle_patterns.as_ref()
    }
}

//! What the user may set of alerting.

use std::collections::BTreeMap;

use super::terms::Severity;

/// How findings become alerts; minutes are minutes of event time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSettings {
    /// A breach must last this long before it fires. 0: the false-alarm budget already counts every evaluation.
    pub hold_minutes: i64,
    /// A firing cause must be clear this long before it resolves.
    pub keep_firing_minutes: i64,
    /// Publish with `severity: none`.
    pub dry_run: bool,
    /// The runbook that every alert points to.
    pub runbook_url: Option<String>,
    /// Labels added to every alert.
    pub labels: BTreeMap<String, String>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            hold_minutes: 0,
            keep_firing_minutes: 15,
            dry_run: false,
            runbook_url: None,
            labels: BTreeMap::new(),
        }
    }
}

impl AlertSettings {
    /// The severity as published: none in a dry run.
    pub(super) fn severity(&self, severity: Severity) -> Severity {
        if self.dry_run {
            Severity::None
        } else {
            severity
        }
    }
}

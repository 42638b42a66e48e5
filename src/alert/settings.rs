//! Alert settings that the user may set.

use std::collections::BTreeMap;

use super::terms::Severity;

/// Settings of the alert machine and of published records. Minutes are minutes of event time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSettings {
    /// Time that a breach must last before it fires. The default is 0, because the false-alarm budget already accounts for
    /// every evaluation.
    pub hold_minutes: i64,
    /// Time that a firing cause must be quiet before it resolves.
    pub keep_firing_minutes: i64,
    /// Number of alerts of one model and kind that may come and go by themselves in 30 days before its breaches must last; 0
    /// for any number.
    pub transients_allowed: u64,
    /// If true, alerts are published with `severity: none`.
    pub dry_run: bool,
    /// URL of the runbook that every alert points to.
    pub runbook_url: Option<String>,
    /// Labels that are added to every alert.
    pub labels: BTreeMap<String, String>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            hold_minutes: 0,
            keep_firing_minutes: 15,
            transients_allowed: 3,
            dry_run: false,
            runbook_url: None,
            labels: BTreeMap::new(),
        }
    }
}

impl AlertSettings {
    /// Severity as published: `Severity::None` in a dry run.
    pub(super) fn severity(&self, severity: Severity) -> Severity {
        if self.dry_run {
            Severity::None
        } else {
            severity
        }
    }
}

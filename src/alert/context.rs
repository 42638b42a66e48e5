//! What is known of a model when its alerts are published, beside the findings.

use super::cause::Cause;
use super::settings::AlertSettings;
use crate::sketch::Exemplars;

/// What an alert says beside its findings.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The model.
    pub model: &'a str,
    /// The objective, where the episodes are those of one objective.
    pub objective: Option<AlertObjective<'a>>,
    /// The user's settings.
    pub settings: &'a AlertSettings,
    /// The reference that a cause was judged by; a segment has its own.
    pub reference_id: &'a dyn Fn(&Cause) -> Option<String>,
    /// The exemplars of a cause's window that ends at this boundary; asked for only when something is published.
    pub exemplars: &'a dyn Fn(&Cause) -> Exemplars,
}

/// The objective that an alert is about.
#[derive(Debug, Clone, Copy)]
pub struct AlertObjective<'a> {
    /// Its name.
    pub name: &'a str,
    /// The name of its SLI: `precision`, `latency_ms`; `None` where it is not known any more.
    pub sli: Option<&'a str>,
    /// False once the objective was removed from the configuration: its alerts end because nothing judges them.
    pub is_configured: bool,
}

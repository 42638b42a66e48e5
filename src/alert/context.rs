//! What is known of a model, beside the findings, when its alerts are published.

use super::cause::Cause;
use super::settings::AlertSettings;
use crate::sketch::Exemplars;

/// Inputs of an alert beside its findings.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Name of the model.
    pub model: &'a str,
    /// Objective, if the episodes are those of one objective.
    pub objective: Option<AlertObjective<'a>>,
    /// Alert settings.
    pub settings: &'a AlertSettings,
    /// Id of the reference that a cause was compared with. Each segment has its own reference.
    pub reference_id: &'a dyn Fn(&Cause) -> Option<String>,
    /// Exemplars of the cause's window that ends at this boundary. Called only when an alert is published.
    pub exemplars: &'a dyn Fn(&Cause) -> Exemplars,
}

/// The objective that an alert is about.
#[derive(Debug, Clone, Copy)]
pub struct AlertObjective<'a> {
    /// Name of the objective.
    pub name: &'a str,
    /// Name of its SLI, such as `precision` or `latency_ms`; `None` if it is no longer known.
    pub sli: Option<&'a str>,
    /// False once the objective is removed from the configuration. Its alerts then end, because nothing evaluates them.
    pub is_configured: bool,
}

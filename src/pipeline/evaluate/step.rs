//! The context of one step of evaluate: the boundary that is closed, the plan, and what the step gives.

use crate::alert::Alert;
use crate::pipeline::observations::Observations;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::plan::Plan;
use crate::window::Boundary;

/// What a step knows, and where it puts its results.
pub struct StepContext<'a> {
    /// The boundary that is closed.
    pub at: Boundary,
    /// The plan.
    pub plan: &'a Plan,
    /// What the next flush writes.
    pub outbox: &'a mut Outbox,
    /// What metrics and the status page show.
    pub observations: &'a mut Observations,
}

impl StepContext<'_> {
    /// Publishes an alert and observes it.
    pub fn alert(&mut self, alert: Alert) {
        self.outbox.alert(&alert, &self.plan.alert);
        self.observations.alerts.push(alert);
    }
}

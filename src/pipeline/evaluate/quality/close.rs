//! The steps of quality at a boundary of the join's clock.

use super::super::step::StepContext;
use super::model_quality::ModelQuality;
use super::span::DAY;
use crate::pipeline::stage::StageError;
use crate::window::Resolution;

impl ModelQuality {
    /// Ages, measures, reports and assesses, once the minute before the boundary is counted.
    ///
    /// # Errors
    /// If an entry does not serialise.
    pub fn close(&mut self, model: &str, step: &mut StepContext<'_>) -> Result<(), StageError> {
        self.update_maturity(step.at, step.plan);
        self.age(model, step)?;
        self.measure(model, step);
        if step.at.on_grid(DAY) {
            self.report_days(model, step);
        }
        if step.at.on_grid(Resolution::Quarter.minutes()) {
            self.assess(model, step);
        }
        self.write_knowledge(model, step.outbox)
    }
}

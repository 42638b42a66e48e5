//! The state entries of a model's quality: written at checkpoints, removed when panes age.

use super::super::step::StepContext;
use super::model_quality::ModelQuality;
use super::span::retention;
use crate::alert::WindowTime;
use crate::event::Scope;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::{QualityPane, StateKey};
use crate::window::{PaneName, Resolution};

impl ModelQuality {
    /// Drops panes beyond their retention.
    pub(super) fn age(
        &mut self,
        model: &str,
        step: &mut StepContext<'_>,
    ) -> Result<(), StageError> {
        if !step.at.on_grid(Resolution::Quarter.minutes()) {
            return Ok(());
        }
        let kept = retention(step.plan);
        for (slice, panes) in &mut self.panes {
            let scope = slice.of(model);
            for (by, ring) in panes.both() {
                for old in ring.age(step.at, kept) {
                    step.outbox.remove(&key(&scope, by, old))?;
                }
            }
        }
        self.panes.retain(|_, panes| !panes.is_empty());
        Ok(())
    }

    /// Writes the panes that have changed since the last checkpoint.
    ///
    /// # Errors
    /// If an entry does not serialise.
    pub fn checkpoint(&mut self, model: &str, outbox: &mut Outbox) -> Result<(), StageError> {
        for (slice, panes) in &mut self.panes {
            let scope = slice.of(model);
            for (by, ring) in panes.both() {
                for (name, quality) in ring.take_changed() {
                    outbox.put(&key(&scope, by, name), quality)?;
                }
            }
        }
        Ok(())
    }

    /// Writes the knowledge if it has changed.
    ///
    /// # Errors
    /// If an entry does not serialise.
    pub fn write_knowledge(&mut self, model: &str, outbox: &mut Outbox) -> Result<(), StageError> {
        if std::mem::take(&mut self.changed) {
            outbox.put(&StateKey::ModelQuality(model.to_owned()), &self.knowledge)?;
        }
        Ok(())
    }

    /// Removes every entry of the model's quality.
    ///
    /// # Errors
    /// If a key does not serialise.
    pub fn forget(&mut self, model: &str, outbox: &mut Outbox) -> Result<(), StageError> {
        for (slice, panes) in &mut self.panes {
            let scope = slice.of(model);
            for (by, ring) in panes.both() {
                for name in ring.names() {
                    outbox.remove(&key(&scope, by, name))?;
                }
            }
        }
        Ok(outbox.remove(&StateKey::ModelQuality(model.to_owned()))?)
    }
}

fn key(scope: &Scope, by: WindowTime, (resolution, start): PaneName) -> StateKey {
    StateKey::Quality(
        scope.clone(),
        QualityPane {
            by,
            resolution,
            start,
        },
    )
}

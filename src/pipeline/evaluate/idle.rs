//! Objectives that have nothing to judge: their model never comes, or its positive class never occurs.
//!
//! An objective that names a model is idle while the task that would hold the model knows no prediction of it, from one hour of
//! event time on. The hour counts from the moment at which the task began or was restored. An objective that needs a positive class
//! is idle while the labels of the last 7 days, at least 30, are of other classes only, and so are the predictions that they belong
//! to. That is decided at every full hour.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Model;
use crate::event::EventTime;
use crate::pipeline::observations::{IdleObjective, IdleReason};
use crate::pipeline::partition::partition_of_model;
use crate::pipeline::plan::Plan;

/// Event time after which a model counts as unseen, in milliseconds.
const UNSEEN_MILLIS: i64 = 3_600_000;

/// The objectives of one task that have nothing to judge.
pub struct IdleObjectives {
    partition: i32,
    /// The first clock of the task since it began or was restored.
    since: Option<EventTime>,
    idle: BTreeSet<IdleObjective>,
}

impl IdleObjectives {
    /// A task of this partition of `panes`, of which nothing is known yet.
    pub fn new(partition: i32) -> Self {
        Self {
            partition,
            since: None,
            idle: BTreeSet::new(),
        }
    }

    /// As of the last update.
    pub fn get(&self) -> &BTreeSet<IdleObjective> {
        &self.idle
    }

    /// Decides anew at a clock of the task; returns those that had something to judge before.
    pub fn update(
        &mut self,
        clock: Option<EventTime>,
        plan: &Plan,
        models: &BTreeMap<String, Model>,
    ) -> Vec<IdleObjective> {
        self.since = self.since.or(clock);
        let span = clock.zip(self.since);
        let waited = span.map_or(0, |(now, since)| now.0 - since.0);
        let mut idle: BTreeSet<_> = models.values().flat_map(without_positive).collect();
        if waited >= UNSEEN_MILLIS {
            idle.extend(self.unseen(plan, models));
        }
        let new = idle.difference(&self.idle).cloned().collect();
        self.idle = idle;
        new
    }

    /// Objectives whose model this task would hold, and does not know.
    fn unseen(
        &self,
        plan: &Plan,
        models: &BTreeMap<String, Model>,
    ) -> impl Iterator<Item = IdleObjective> {
        plan.objectives.iter().filter_map(|objective| {
            let model = objective.model.as_ref()?;
            let is_ours = i64::from(partition_of_model(model)) == i64::from(self.partition);
            let is_unseen = is_ours && !models.contains_key(model);
            is_unseen.then(|| IdleObjective {
                model: model.clone(),
                objective: objective.name.clone(),
                reason: IdleReason::ModelUnseen,
            })
        })
    }
}

fn without_positive(model: &Model) -> impl Iterator<Item = IdleObjective> {
    let names = model.objectives.without_positive.iter();
    names.map(|name| IdleObjective {
        model: model.name().to_owned(),
        objective: name.clone(),
        reason: IdleReason::PositiveClassUnseen,
    })
}

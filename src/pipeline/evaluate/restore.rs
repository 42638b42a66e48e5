//! Restore: rebuilds an evaluate task from the state topic, exactly as of its last commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Evaluate;
use super::former::FormerReference;
use super::habits::SegmentHabits;
use super::idle::IdleObjectives;
use super::knowledge::Knowledge;
use super::model::Model;
use super::orders::Orders;
use super::pending_quality::PendingQuality;
use super::quality::QualityKnowledge;
use super::slice::Slice;
use super::tallies::TallyPane;
use super::unclosed_panes::UnclosedPanes;
use super::unpaged;
use crate::alert::{AlertObjective, Context, Episodes};
use crate::detect::slo::Hour;
use crate::event::{Scope, Segment};
use crate::pipeline::intake::{Intake, ReplayStart};
use crate::pipeline::observations::{AlertObservation, Observations};
use crate::pipeline::outbox::Outbox;
use crate::pipeline::partition::INTERNAL_PARTITIONS;
use crate::pipeline::plan::Plan;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::{BadState, Head, QualityPane, StateKey, StateReader, decode, same};
use crate::reference::Reference;
use crate::sketch::{Exemplars, Partial, Quality};
use crate::window::{Boundary, PANE_MILLIS, Tier};

impl Evaluate {
    /// The task as of its last commit; `None` if it never committed.
    pub(super) fn restore_from(
        plan: &Arc<Plan>,
        partition: i32,
        reader: &StateReader,
    ) -> Result<Option<Self>, StageError> {
        let (entries, index) = reader.entries(|key| !key.is_of_join())?;
        let mut held = Held::default();
        for (key, value) in entries {
            held.take(key, &value)?;
        }
        let Some(head) = held.head.take() else {
            return Ok(None);
        };
        check(&head, index.digest())?;
        let open = std::mem::take(&mut held.open);
        let mut pending_quality = std::mem::take(&mut held.pending_quality);
        pending_quality.continue_from(head.open_quality_closed);
        let removed = held.take_removed(plan);
        let orders = std::mem::take(&mut held.orders);
        let models = held.into_models(plan);
        let checkpoint = ReplayStart {
            offset: head.open_from,
            cursors: head.open_cursors,
        };
        let mut restored = Self {
            plan: Arc::clone(plan),
            intake: Intake::restore(head.next, head.cursors, Some(checkpoint.clone())),
            checkpoint,
            closed: head.closed,
            pending_quality,
            open,
            models,
            quality_judged: head.quality_closed,
            last_was_quality: false,
            outbox: Outbox::restored(index),
            observations: Observations::default(),
            changed: false,
            reports_global_events: partition == 0,
            incidents: Vec::new(),
            idle: IdleObjectives::new(partition),
            orders,
        };
        if !restored.intake.is_replaying() {
            restored.close_quality_again(head.quality_closed);
        }
        for model in restored.models.values_mut() {
            model.unpaged = unpaged::subjects(model, plan);
        }
        for ((model, name), objective) in removed {
            restored.end_objective(&model, &name, objective)?;
        }
        Ok(Some(restored))
    }

    /// Ends the alerts of an objective that was removed from the configuration, and forgets its entries.
    fn end_objective(
        &mut self,
        model: &str,
        name: &str,
        held: HeldObjective,
    ) -> Result<(), StageError> {
        let plan = Arc::clone(&self.plan);
        let context = Context {
            model,
            objective: Some(AlertObjective {
                name,
                sli: None,
                is_configured: false,
            }),
            settings: &plan.alert,
            reference_id: &|_| None,
            exemplars: &|_| Exemplars::default(),
        };
        if let Some(mut episodes) = held.episodes {
            for alert in self
                .closed
                .map(|at| episodes.end(at, &context))
                .into_iter()
                .flatten()
            {
                self.outbox.alert(&alert, &plan.alert);
                let observed = AlertObservation::of(&alert);
                self.observations.alerts.extend(observed);
            }
            let key = StateKey::Objective(model.to_owned(), name.to_owned());
            self.outbox.remove(&key)?;
        }
        for (start, _) in held.hours {
            let key = StateKey::ObjectiveHour(model.to_owned(), name.to_owned(), start);
            self.outbox.remove(&key)?;
        }
        self.changed = true;
        Ok(())
    }
}

/// The decoded entries of a state topic, by kind.
#[derive(Default)]
struct Held {
    head: Option<Head>,
    models: BTreeMap<String, Model>,
    references: BTreeMap<(String, Option<Segment>), Reference>,
    /// Open panes as of the last checkpoint.
    open: UnclosedPanes,
    panes: Vec<(Scope, Tier, Boundary, Partial)>,
    tallies: Vec<(Scope, Tier, Boundary, TallyPane)>,
    habits: BTreeMap<(String, Option<Segment>), SegmentHabits>,
    /// Pending quality as of the last checkpoint.
    pending_quality: PendingQuality,
    quality_panes: Vec<(Scope, QualityPane, Quality)>,
    quality: Vec<(String, QualityKnowledge)>,
    /// Entries of objectives, by model and objective.
    objectives: BTreeMap<(String, String), HeldObjective>,
    orders: Orders,
    former: Vec<(String, FormerReference)>,
}

/// The entries of one objective of a model.
#[derive(Default)]
struct HeldObjective {
    hours: Vec<(Boundary, Hour)>,
    episodes: Option<Episodes>,
}

impl Held {
    fn take(&mut self, key: &StateKey, value: &[u8]) -> Result<(), BadState> {
        match key {
            StateKey::Head => self.head = Some(decode(value)?),
            StateKey::Orders => self.orders = decode(value)?,
            StateKey::Model(name) => {
                let knowledge: Knowledge = decode(value)?;
                let model = Model::restored(knowledge);
                self.models.insert(name.clone(), model);
            }
            StateKey::Reference(name, segment) => {
                let whose = (name.clone(), segment.clone());
                self.references.insert(whose, decode(value)?);
            }
            StateKey::Former(name) => self.former.push((name.clone(), decode(value)?)),
            StateKey::Open(scope, start) => {
                self.open.restore(*start, scope.clone(), decode(value)?);
            }
            StateKey::OpenLeftOut(start) => self.open.restore_left_out(*start, decode(value)?),
            StateKey::Pane(scope, tier, start) => {
                let pane = (scope.clone(), *tier, *start, decode(value)?);
                self.panes.push(pane);
            }
            StateKey::Tally(scope, tier, start) => {
                let pane = (scope.clone(), *tier, *start, decode(value)?);
                self.tallies.push(pane);
            }
            StateKey::Variability(name, segment) => {
                let whose = (name.clone(), segment.clone());
                self.habits.insert(whose, decode(value)?);
            }
            other => self.take_quality(other, value)?,
        }
        Ok(())
    }

    fn take_quality(&mut self, key: &StateKey, value: &[u8]) -> Result<(), BadState> {
        match key {
            StateKey::OpenQuality(minute, scope, predicted) => {
                let whose = (scope.clone(), *predicted);
                self.pending_quality.restore(*minute, whose, decode(value)?);
            }
            StateKey::OpenQualityLeftOut(minute) => {
                let left_out = decode(value)?;
                self.pending_quality.restore_left_out(*minute, left_out);
            }
            StateKey::Quality(scope, pane) => {
                self.quality_panes
                    .push((scope.clone(), *pane, decode(value)?));
            }
            StateKey::ModelQuality(model) => self.quality.push((model.clone(), decode(value)?)),
            StateKey::ObjectiveHour(model, name, start) => {
                let hour = (*start, decode(value)?);
                self.objective(model, name).hours.push(hour);
            }
            StateKey::Objective(model, name) => {
                self.objective(model, name).episodes = Some(decode(value)?);
            }
            // Decoded by `take`.
            StateKey::Head
            | StateKey::Pane(..)
            | StateKey::Tally(..)
            | StateKey::Variability(..)
            | StateKey::Orders
            | StateKey::Open(..)
            | StateKey::OpenLeftOut(_)
            | StateKey::Model(_)
            | StateKey::Former(_)
            | StateKey::Reference(..)
            // Entries of the join task of the partition.
            | StateKey::JoinHead
            | StateKey::JoinAnchor(_)
            | StateKey::JoinSuppressed(..) => {}
        }
        Ok(())
    }

    /// Removes and returns the objectives that the configuration no longer has for their model.
    fn take_removed(&mut self, plan: &Plan) -> BTreeMap<(String, String), HeldObjective> {
        let is_configured = |model: &str, name: &str| {
            let mut objectives = plan.objectives.iter();
            objectives.any(|own| own.name == name && own.is_about(model))
        };
        let (kept, removed) = std::mem::take(&mut self.objectives)
            .into_iter()
            .partition(|((model, name), _)| is_configured(model, name));
        self.objectives = kept;
        removed
    }

    fn objective(&mut self, model: &str, name: &str) -> &mut HeldObjective {
        let whose = (model.to_owned(), name.to_owned());
        self.objectives.entry(whose).or_default()
    }

    /// The models, with panes, references, quality and objectives restored.
    fn into_models(mut self, plan: &Plan) -> BTreeMap<String, Model> {
        for (scope, tier, start, pane) in self.panes {
            if let Some(model) = self.models.get_mut(&scope.model) {
                let ring = model.rings.entry(Slice::from(&scope)).or_default();
                ring.insert(tier, start, pane);
            }
        }
        for (scope, tier, start, pane) in self.tallies {
            if let Some(model) = self.models.get_mut(&scope.model) {
                let ring = model.tallies.entry(Slice::from(&scope)).or_default();
                ring.insert(tier, start, pane);
            }
        }
        for ((name, segment), learned) in self.habits {
            if let Some(model) = self.models.get_mut(&name) {
                model.habits.insert(segment, learned);
            }
        }
        for ((name, segment), reference) in self.references {
            if let Some(model) = self.models.get_mut(&name) {
                model.set_reference(segment, reference);
            }
        }
        for (name, former) in self.former {
            if let Some(model) = self.models.get_mut(&name) {
                model.former = Some(former);
            }
        }
        for (scope, pane, quality) in self.quality_panes {
            if let Some(model) = self.models.get_mut(&scope.model) {
                let slice = Slice::from(&scope);
                model.quality.restore_pane(slice, pane, quality);
            }
        }
        for (name, knowledge) in self.quality {
            if let Some(model) = self.models.get_mut(&name) {
                model.quality.restore_knowledge(knowledge);
            }
        }
        for ((name, objective), held) in self.objectives {
            let objective = plan.objectives.iter().find(|own| own.name == objective);
            if let Some((model, objective)) = self.models.get_mut(&name).zip(objective) {
                let objectives = &mut model.objectives;
                objectives.put_back(objective, held.hours, held.episodes);
            }
        }
        for model in self.models.values_mut() {
            model.count_minutes_again();
            model.changed = false;
        }
        self.models
    }
}

/// Rejects state that differs in a value that never changes, and state with missing or stale entries.
fn check(head: &Head, digest: u64) -> Result<(), BadState> {
    same(
        "the number of panes partitions",
        i64::from(head.partitions),
        i64::from(INTERNAL_PARTITIONS),
    )?;
    same(
        "the length of a pane in milliseconds",
        head.pane_millis,
        PANE_MILLIS,
    )?;
    if head.digest == digest {
        Ok(())
    } else {
        Err(BadState::Tampered)
    }
}

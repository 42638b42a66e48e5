//! Bringing an evaluate task back from its state: what it was at its last commit, to the bit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::knowledge::Knowledge;
use super::model::Model;
use super::pending_quality::{PendingQuality, QualityOwner};
use super::quality::QualityKnowledge;
use super::slice::Slice;
use super::{Evaluate, OpenPanes, Replay};
use crate::alert::Episodes;
use crate::detect::slo::Hour;
use crate::event::{Scope, Segment};
use crate::pipeline::observations::Observations;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::plan::{PANES_PARTITIONS, Plan};
use crate::pipeline::state::{BadState, Head, QualityPane, StateKey, StateReader, decode, same};
use crate::pipeline::stop::Stop;
use crate::reference::Reference;
use crate::sketch::{Partial, Quality};
use crate::window::{Boundary, PANE_MILLIS};

impl Evaluate {
    /// The task as its state tells; `None` if nothing was ever written.
    ///
    /// # Errors
    /// When the state is damaged, of another version, or of another number of partitions.
    pub fn restore(
        plan: Arc<Plan>,
        partition: i32,
        reader: &StateReader,
    ) -> Result<Option<Self>, Stop> {
        let (entries, index) = reader.entries(|key| !key.is_of_join())?;
        let mut held = Held::default();
        for (key, value) in entries {
            held.take(key, &value)?;
        }
        let Some(head) = held.head.take() else {
            return Ok(None);
        };
        check(&head, index.digest())?;
        let (open, checkpointed) = std::mem::take(&mut held.open);
        let known =
            PendingQuality::restored(std::mem::take(&mut held.known), head.open_quality_closed);
        let stale = held.objectives_no_more(&plan);
        let models = held.into_models(&plan);
        let mut restored = Self {
            plan,
            // What was merged since the checkpoint is read again, from where the cursors stood then.
            cursors: if head.open_from < head.next {
                head.open_cursors.clone()
            } else {
                head.cursors.clone()
            },
            replay: (head.open_from < head.next).then_some(Replay {
                until: head.next,
                expected: head.cursors,
                quality_closed: head.quality_closed,
            }),
            open_cursors: head.open_cursors,
            next: head.next,
            open_from: head.open_from,
            closed: head.closed,
            known,
            open,
            checkpointed,
            models,
            was_quality: false,
            outbox: Outbox::restored(index),
            observations: Observations::default(),
            changed: false,
            reports_global_events: partition == 0,
        };
        if restored.replay.is_none() {
            restored.close_quality_again(head.quality_closed);
        }
        for key in stale {
            restored.outbox.remove(&key)?;
            restored.changed = true;
        }
        Ok(Some(restored))
    }
}

/// What the entries of a state topic hold, sorted by what they are about.
#[derive(Default)]
struct Held {
    head: Option<Head>,
    models: BTreeMap<String, Model>,
    references: BTreeMap<(String, Option<Segment>), Reference>,
    /// Open panes, and which of them a checkpoint has written.
    open: (OpenPanes, BTreeSet<(Boundary, Scope)>),
    panes: Vec<(StateKey, Partial)>,
    /// Open minutes of what became known.
    known: Vec<(Boundary, QualityOwner, Quality)>,
    quality_panes: Vec<(Scope, QualityPane, Quality)>,
    quality: Vec<(String, QualityKnowledge)>,
    /// By model and objective.
    objectives: BTreeMap<(String, String), HeldObjective>,
}

/// What lies in the state of one objective of a model.
#[derive(Default)]
struct HeldObjective {
    hours: Vec<(Boundary, Hour)>,
    episodes: Option<Episodes>,
}

impl Held {
    fn take(&mut self, key: &StateKey, value: &[u8]) -> Result<(), BadState> {
        match key {
            StateKey::Head => self.head = Some(decode(value)?),
            StateKey::Model(name) => {
                let knowledge: Knowledge = decode(value)?;
                let model = Model::restored(knowledge);
                self.models.insert(name.clone(), model);
            }
            StateKey::Reference(name, segment) => {
                let whose = (name.clone(), segment.clone());
                self.references.insert(whose, decode(value)?);
            }
            StateKey::Open(scope, start) => {
                let (open, checkpointed) = &mut self.open;
                checkpointed.insert((*start, scope.clone()));
                let scopes = open.entry(*start).or_default();
                scopes.insert(scope.clone(), decode(value)?);
            }
            StateKey::Fine(..) | StateKey::Coarse(..) => {
                self.panes.push((key.clone(), decode(value)?))
            }
            other => self.take_quality(other, value)?,
        }
        Ok(())
    }

    fn take_quality(&mut self, key: &StateKey, value: &[u8]) -> Result<(), BadState> {
        match key {
            StateKey::OpenQuality(minute, scope, predicted) => {
                let whose = (scope.clone(), *predicted);
                self.known.push((*minute, whose, decode(value)?));
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
            _ => {}
        }
        Ok(())
    }

    /// What lies there of objectives that are configured no longer.
    fn objectives_no_more(&self, plan: &Plan) -> Vec<StateKey> {
        let is_gone = |name: &str| plan.objectives.iter().all(|own| own.name != name);
        let gone = self
            .objectives
            .iter()
            .filter(|((_, name), _)| is_gone(name));
        let keys = gone.flat_map(|((model, name), held)| {
            let hour = |(start, _): &(Boundary, Hour)| {
                StateKey::ObjectiveHour(model.clone(), name.clone(), *start)
            };
            let episodes = held.episodes.as_ref();
            let episodes = episodes.map(|_| StateKey::Objective(model.clone(), name.clone()));
            held.hours.iter().map(hour).chain(episodes)
        });
        keys.collect()
    }

    fn objective(&mut self, model: &str, name: &str) -> &mut HeldObjective {
        let whose = (model.to_owned(), name.to_owned());
        self.objectives.entry(whose).or_default()
    }

    /// The models with their panes and references put back.
    fn into_models(mut self, plan: &Plan) -> BTreeMap<String, Model> {
        for (key, pane) in self.panes {
            put_back(&mut self.models, &key, pane);
        }
        for ((name, segment), reference) in self.references {
            if let Some(model) = self.models.get_mut(&name) {
                model.set_reference(segment, reference);
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
            model.changed = false;
        }
        self.models
    }
}

/// Refuses what is fixed for life and different, and state of which a part is missing or old.
fn check(head: &Head, digest: u64) -> Result<(), BadState> {
    same(
        "the number of panes partitions",
        i64::from(head.partitions),
        i64::from(PANES_PARTITIONS),
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

fn put_back(models: &mut BTreeMap<String, Model>, key: &StateKey, pane: Partial) {
    let (StateKey::Fine(scope, start) | StateKey::Coarse(scope, start)) = key else {
        return;
    };
    let Some(model) = models.get_mut(&scope.model) else {
        return;
    };
    let ring = model.rings.entry(Slice::from(scope)).or_default();
    if matches!(key, StateKey::Fine(..)) {
        ring.insert_fine(*start, pane);
    } else {
        ring.insert_coarse(*start, pane);
    }
}

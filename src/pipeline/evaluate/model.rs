//! One model: its versions with their panes, its reference, what it has learned and the alerts it lives through.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Stop, judge, learning, publish};
use crate::alert::Episodes;
use crate::detect::volume::VolumeHistory;
use crate::event::Scope;
use crate::pipeline::effect::Effects;
use crate::pipeline::plan::Plan;
use crate::pipeline::state::{Key, StateWriter};
use crate::reference::Reference;
use crate::sketch::{Partial, Subject};
use crate::window::{Boundary, COARSE_MINUTES, PaneRing, Retention, WindowLength};

/// Event time that learning may take at most, in minutes; beyond it the oldest panes are left out.
const LEARNING_MINUTES_MAX: i64 = 30 * 1_440;

/// What a habit belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HabitKey {
    /// The subject.
    pub subject: Subject,
    /// Length of the window.
    pub window: WindowLength,
    /// The detector.
    pub detector: String,
}

/// All that is known of a model but for panes and reference: one entry of the state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Knowledge {
    /// The model's name.
    pub name: String,
    /// When its first pane began.
    pub since: Boundary,
    /// When its last pane began, to a quarter of an hour.
    pub last_seen: Boundary,
    /// When each version and each of its subjects was last seen, to a quarter of an hour.
    pub versions: BTreeMap<String, BTreeMap<Subject, Boundary>>,
    /// The largest value of ordinary windows, by detector.
    pub habits: BTreeMap<HabitKey, f64>,
    /// Traffic by quarter of an hour.
    pub volume: VolumeHistory,
    /// Alerts that are pending or firing, and those that have just ended.
    pub episodes: Episodes,
}

/// One model.
pub struct Model {
    pub(super) knowledge: Knowledge,
    pub(super) reference: Option<Reference>,
    pub(super) rings: BTreeMap<String, PaneRing<Partial>>,
    pub(super) changed: bool,
}

impl Model {
    /// A model that was seen for the first time in the pane that begins at `since`.
    #[must_use]
    pub fn new(name: String, since: Boundary) -> Self {
        let knowledge = Knowledge {
            name,
            since,
            last_seen: since,
            versions: BTreeMap::new(),
            habits: BTreeMap::new(),
            volume: VolumeHistory::default(),
            episodes: Episodes::default(),
        };
        Self::restored(knowledge, None)
    }

    pub(super) fn restored(knowledge: Knowledge, reference: Option<Reference>) -> Self {
        Self {
            knowledge,
            reference,
            rings: BTreeMap::new(),
            changed: true,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.knowledge.name
    }

    /// Its reference, once it is learned.
    #[must_use]
    pub fn reference(&self) -> Option<&Reference> {
        self.reference.as_ref()
    }

    /// Its versions.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        self.knowledge.versions.keys().map(String::as_str)
    }

    /// Its alerts.
    #[must_use]
    pub fn episodes(&self) -> &Episodes {
        &self.knowledge.episodes
    }

    /// Minutes and predictions that the reference can be learned from so far.
    #[must_use]
    pub fn learned_so_far(&self, now: Boundary) -> (i64, u64) {
        let predictions = self.rings.values().flat_map(|ring| {
            let all = crate::window::Span {
                start: self.knowledge.since,
                end: now,
            };
            ring.coarse_within(all)
                .map(|(_, pane)| pane.predictions)
                .collect::<Vec<_>>()
        });
        (now.0 - self.knowledge.since.0, predictions.sum())
    }

    /// When it was last seen, to a quarter of an hour.
    #[must_use]
    pub fn last_seen(&self) -> Boundary {
        self.knowledge.last_seen
    }

    /// Panes kept.
    #[must_use]
    pub fn pane_count(&self) -> usize {
        self.rings.values().map(PaneRing::len).sum()
    }

    pub(super) fn has_version(&self, version: &str) -> bool {
        self.knowledge.versions.contains_key(version)
    }

    pub(super) fn version_count(&self) -> usize {
        self.knowledge.versions.len()
    }

    pub(super) fn knows(&self, version: &str, subject: &Subject) -> bool {
        self.knowledge
            .versions
            .get(version)
            .is_some_and(|subjects| subjects.contains_key(subject))
    }

    pub(super) fn feature_count(&self, version: &str) -> usize {
        let subjects = self
            .knowledge
            .versions
            .get(version)
            .into_iter()
            .flat_map(BTreeMap::keys);
        subjects
            .filter(|subject| matches!(subject, Subject::Feature(_)))
            .count()
    }

    /// Takes a pane that has just closed.
    pub(super) fn insert_pane(&mut self, version: &str, start: Boundary, partial: Partial) {
        let quarter = start.0 - start.0.rem_euclid(COARSE_MINUTES);
        let seen = Boundary(quarter);
        self.changed |= self.knowledge.last_seen != seen;
        self.knowledge.last_seen = self.knowledge.last_seen.max(seen);
        let subjects = self
            .knowledge
            .versions
            .entry(version.to_owned())
            .or_default();
        for subject in partial.subjects.keys() {
            match subjects.get_mut(subject) {
                Some(last) => {
                    self.changed |= *last != seen;
                    *last = seen;
                }
                None => {
                    subjects.insert(subject.clone(), seen);
                    self.changed = true;
                }
            }
        }
        self.rings
            .entry(version.to_owned())
            .or_default()
            .insert_fine(start, partial);
    }

    /// Everything that happens to a model at a boundary, its panes being in: age, learn, judge, alert, report, retire.
    pub(super) fn step(
        &mut self,
        at: Boundary,
        plan: &Plan,
        effects: &mut Effects,
        writer: &mut StateWriter,
    ) -> Result<(), Stop> {
        self.age(at, plan, effects, writer)?;
        if self.reference.is_none() {
            learning::freeze_if_ready(self, at, plan, effects, writer)?;
        }
        let judged = judge::judge(self, at, plan, effects);
        publish::alerts(self, at, plan, &judged, effects);
        learning::fold_habits(self, at, plan);
        publish::reports(self, at, plan, &judged, effects);
        self.retire_names(at, plan);
        if std::mem::take(&mut self.changed) {
            writer.put(
                effects,
                &Key::Model(self.knowledge.name.clone()),
                &self.knowledge,
            )?;
        }
        Ok(())
    }

    fn scope(&self, version: &str) -> Scope {
        Scope {
            model: self.knowledge.name.clone(),
            version: version.to_owned(),
            segment: None,
        }
    }

    fn age(
        &mut self,
        at: Boundary,
        plan: &Plan,
        effects: &mut Effects,
        writer: &mut StateWriter,
    ) -> Result<(), Stop> {
        let keep = self.retention(plan);
        let name = self.knowledge.name.clone();
        for (version, ring) in &mut self.rings {
            let scope = Scope {
                model: name.clone(),
                version: version.clone(),
                segment: None,
            };
            let aged = ring.age(at, keep);
            for start in aged.fine_dropped {
                writer.remove(effects, &Key::Fine(scope.clone(), start))?;
            }
            for start in aged.coarse_dropped {
                writer.remove(effects, &Key::Coarse(scope.clone(), start))?;
            }
            if let Some((start, pane)) = aged
                .made
                .and_then(|start| Some((start, ring.coarse(start)?)))
            {
                writer.put(effects, &Key::Coarse(scope, start), pane)?;
            }
        }
        self.rings.retain(|_, ring| !ring.is_empty());
        Ok(())
    }

    /// Fine panes as long as a window that moves by minutes needs them, coarse ones for the longest window and for learning.
    fn retention(&self, plan: &Plan) -> Retention {
        let fine = plan
            .windows
            .iter()
            .filter(|w| w.step_minutes < COARSE_MINUTES)
            .map(|w| w.length.minutes())
            .max();
        let coarse = plan
            .windows
            .iter()
            .map(|w| w.length.minutes())
            .max()
            .unwrap_or(0);
        let learning = if self.reference.is_none() {
            LEARNING_MINUTES_MAX
        } else {
            0
        };
        Retention {
            fine_minutes: fine.unwrap_or(0).max(COARSE_MINUTES) + COARSE_MINUTES,
            coarse_minutes: coarse.max(learning) + COARSE_MINUTES,
        }
    }

    /// Versions and subjects that were silent for long make room for others.
    fn retire_names(&mut self, at: Boundary, plan: &Plan) {
        if !at.on_grid(COARSE_MINUTES) {
            return;
        }
        let oldest = at.plus_minutes(-plan.bounds.retire_minutes);
        let count = |versions: &BTreeMap<String, BTreeMap<Subject, Boundary>>| {
            versions.len() + versions.values().map(BTreeMap::len).sum::<usize>()
        };
        let before = count(&self.knowledge.versions);
        self.knowledge.versions.retain(|_, subjects| {
            subjects.retain(|_, last| *last >= oldest);
            !subjects.is_empty()
        });
        self.changed |= before != count(&self.knowledge.versions);
    }

    /// Forgets the model and everything written of it.
    pub(super) fn forget(
        self,
        effects: &mut Effects,
        writer: &mut StateWriter,
    ) -> Result<(), Stop> {
        for (version, ring) in &self.rings {
            for (start, fine) in ring.starts() {
                let scope = self.scope(version);
                let key = if fine {
                    Key::Fine(scope, start)
                } else {
                    Key::Coarse(scope, start)
                };
                writer.remove(effects, &key)?;
            }
        }
        writer.remove(effects, &Key::Reference(self.knowledge.name.clone()))?;
        writer.remove(effects, &Key::Model(self.knowledge.name))?;
        Ok(())
    }
}

//! One model: its versions with their panes, its reference, what it has learned and the alerts it lives through.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::objectives::Objectives;
use super::quality::ModelQuality;
use super::slice::{KnownSegments, Slice};
use super::step::StepContext;
use super::{Stop, judge, learning, objective_evaluation, publish};
use crate::alert::Episodes;
use crate::detect::volume::VolumeHistory;
use crate::event::Segment;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::plan::Plan;
use crate::pipeline::state::StateKey;
use crate::reference::Reference;
use crate::sketch::{Partial, Subject};
use crate::window::{Boundary, COARSE_MINUTES, PaneRing, Resolution, Retention, WindowLength};

/// Event time that learning may take at most, in minutes; beyond it the oldest panes are left out.
const LEARNING_MINUTES_MAX: i64 = 30 * 1_440;

/// How long beyond the horizon labels are counted of what fell silent: the rest of its last day, and days by which the clock of
/// quality may be behind that of predictions, by which names are forgotten. In a catch-up of few events that is much.
const QUALITY_BEHIND_MINUTES: i64 = 7 * 1_440;

/// What a habit belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VariabilityKey {
    /// The segment; `None` for the whole.
    pub segment: Option<Segment>,
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
    pub variability: BTreeMap<VariabilityKey, f64>,
    /// Traffic by quarter of an hour.
    pub volume: VolumeHistory,
    /// Alerts that are pending or firing, and those that have just ended.
    pub episodes: Episodes,
    /// Segments, under whatever version.
    pub segments: KnownSegments,
    /// The last day on which each slice was seen whose labels may still come.
    pub labelled: BTreeMap<Slice, Boundary>,
}

/// One model.
pub struct Model {
    pub(super) knowledge: Knowledge,
    pub(super) reference: Option<Reference>,
    /// Of the segments that have learned one.
    pub(super) segment_references: BTreeMap<Segment, Reference>,
    pub(super) rings: BTreeMap<Slice, PaneRing<Partial>>,
    /// Against the labels that have become known.
    pub(super) quality: ModelQuality,
    /// What is promised of it.
    pub(super) objectives: Objectives,
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
            variability: BTreeMap::new(),
            volume: VolumeHistory::default(),
            episodes: Episodes::default(),
            segments: KnownSegments::default(),
            labelled: BTreeMap::new(),
        };
        Self::restored(knowledge)
    }

    /// A model of which only what is known was read back: references and panes are put back after it.
    pub(super) fn restored(knowledge: Knowledge) -> Self {
        Self {
            knowledge,
            reference: None,
            segment_references: BTreeMap::new(),
            rings: BTreeMap::new(),
            quality: ModelQuality::default(),
            objectives: Objectives::default(),
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

    /// The reference of one of its segments, or of the whole.
    pub(super) fn reference_of(&self, segment: Option<&Segment>) -> Option<&Reference> {
        match segment {
            Some(segment) => self.segment_references.get(segment),
            None => self.reference.as_ref(),
        }
    }

    pub(super) fn set_reference(&mut self, segment: Option<Segment>, reference: Reference) {
        match segment {
            Some(segment) => {
                self.segment_references.insert(segment, reference);
            }
            None => self.reference = Some(reference),
        }
    }

    /// A habit is the largest value that was ever ordinary.
    pub(super) fn raise_habit(&mut self, key: VariabilityKey, value: f64) {
        let variability = self.knowledge.variability.entry(key).or_insert(0.0);
        if value > *variability {
            *variability = value;
            self.changed = true;
        }
    }

    /// The panes of one segment, or of the whole, by version. To count predictions, ask for the whole: it holds them all.
    pub(super) fn rings_of(
        &self,
        segment: Option<&Segment>,
    ) -> impl Iterator<Item = (&Slice, &PaneRing<Partial>)> {
        self.rings
            .iter()
            .filter(move |(slice, _)| slice.segment.as_ref() == segment)
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

    /// The alerts of its objectives, by name.
    pub fn objective_episodes(&self) -> impl Iterator<Item = (&str, &Episodes)> {
        self.objectives.episodes()
    }

    /// Whether any alert of it is remembered.
    pub(super) fn has_alerts(&self) -> bool {
        let mut all = self.objectives.episodes().map(|(_, episodes)| episodes);
        !self.episodes().is_empty() || all.any(|episodes| !episodes.is_empty())
    }

    /// Minutes and predictions that the reference can be learned from so far.
    #[must_use]
    pub fn learned_so_far(&self, now: Boundary) -> (i64, u64) {
        let predictions = self.rings_of(None).flat_map(|(_, ring)| {
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

    pub(super) fn knows_segment(&self, segment: &Segment) -> bool {
        self.knowledge.segments.knows(segment)
    }

    /// Whether a slice was admitted; what was turned away at the bounds has no quality either. A version or a segment that
    /// fell silent makes room for others long before its last labels have come.
    pub(super) fn holds(&self, slice: &Slice) -> bool {
        self.knowledge.labelled.contains_key(slice)
    }

    pub(super) fn values_of(&self, key: &str) -> usize {
        self.knowledge.segments.values_of(key)
    }

    /// Takes a pane that has just closed.
    pub(super) fn insert_pane(&mut self, slice: Slice, start: Boundary, partial: Partial) {
        let seen = start.floor(COARSE_MINUTES);
        let day = Resolution::Day.start(start);
        self.changed |= self.knowledge.labelled.insert(slice.clone(), day) != Some(day);
        match &slice.segment {
            Some(segment) => self.changed |= self.knowledge.segments.note(segment, seen),
            None => self.note_version(&slice.version, seen, &partial),
        }
        let ring = self.rings.entry(slice).or_default();
        ring.insert_fine(start, partial);
    }

    fn note_version(&mut self, version: &str, seen: Boundary, partial: &Partial) {
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
    }

    /// Everything that happens to a model at a boundary, its panes being in: age, learn, judge, alert, report, retire.
    pub(super) fn step(&mut self, step: &mut StepContext<'_>) -> Result<(), Stop> {
        self.age(step)?;
        learning::freeze_if_ready(self, step)?;
        let judged = judge::judge(self, step);
        publish::alerts(self, &judged, step);
        learning::fold_variability(self, step.at, step.plan);
        publish::reports(self, &judged, step);
        objective_evaluation::keep(self, step)?;
        self.retire_names(step.at, step.plan);
        self.retire_segments(step)?;
        let name = self.knowledge.name.clone();
        self.quality.write_knowledge(&name, step.outbox)?; // a drift that waits must survive a restart
        if std::mem::take(&mut self.changed) {
            step.outbox.put(
                &StateKey::Model(self.knowledge.name.clone()),
                &self.knowledge,
            )?;
        }
        Ok(())
    }

    fn age(&mut self, step: &mut StepContext<'_>) -> Result<(), Stop> {
        let (at, plan) = (step.at, step.plan);
        let (learning, learned) = (retention(plan, true), retention(plan, false));
        let mut rings = std::mem::take(&mut self.rings);
        for (slice, ring) in &mut rings {
            let has_learned = self.reference_of(slice.segment.as_ref()).is_some();
            let keep = if has_learned { learned } else { learning };
            let scope = slice.of(self.name());
            let aged = ring.age(at, keep);
            for start in aged.fine_dropped {
                step.outbox.remove(&StateKey::Fine(scope.clone(), start))?;
            }
            for start in aged.coarse_dropped {
                step.outbox
                    .remove(&StateKey::Coarse(scope.clone(), start))?;
            }
            if let Some((start, pane)) = aged
                .made
                .and_then(|start| Some((start, ring.coarse(start)?)))
            {
                step.outbox.put(&StateKey::Coarse(scope, start), pane)?;
            }
        }
        rings.retain(|_, ring| !ring.is_empty());
        self.rings = rings;
        Ok(())
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
        if !plan.joins() {
            self.knowledge.labelled.clear(); // there is no clock of quality to forget them by
        }
    }

    /// Forgets, by the clock of quality, which slices were labelled so long ago that no label can come any more.
    pub(super) fn retire_labelled(&mut self, at: Boundary, plan: &Plan) {
        let oldest = at.plus_minutes(-labelled_minutes(plan));
        let before = self.knowledge.labelled.len();
        self.knowledge.labelled.retain(|_, day| *day >= oldest);
        self.changed |= before != self.knowledge.labelled.len();
    }

    /// Segments that were silent for long make room for others; one that comes back is a new one and learns anew.
    fn retire_segments(&mut self, step: &mut StepContext<'_>) -> Result<(), Stop> {
        let (at, plan) = (step.at, step.plan);
        if !at.on_grid(COARSE_MINUTES) {
            return Ok(());
        }
        let oldest = at.plus_minutes(-plan.bounds.retire_minutes);
        for segment in self.knowledge.segments.retire(oldest) {
            self.changed = true;
            self.knowledge
                .variability
                .retain(|key, _| key.segment.as_ref() != Some(&segment));
            self.forget_panes(Some(&segment), step.outbox)?;
            if self.segment_references.remove(&segment).is_some() {
                let name = self.knowledge.name.clone();
                step.outbox
                    .remove(&StateKey::Reference(name, Some(segment)))?;
            }
        }
        Ok(())
    }

    fn forget_panes(&mut self, segment: Option<&Segment>, outbox: &mut Outbox) -> Result<(), Stop> {
        for (slice, ring) in self.rings_of(segment) {
            for (start, fine) in ring.starts() {
                let scope = slice.of(self.name());
                let key = if fine {
                    StateKey::Fine(scope, start)
                } else {
                    StateKey::Coarse(scope, start)
                };
                outbox.remove(&key)?;
            }
        }
        self.rings
            .retain(|slice, _| slice.segment.as_ref() != segment);
        Ok(())
    }

    /// Forgets the model and everything written of it.
    pub(super) fn forget(mut self, outbox: &mut Outbox) -> Result<(), Stop> {
        let segments: BTreeSet<Option<Segment>> = self
            .rings
            .keys()
            .map(|slice| slice.segment.clone())
            .collect();
        for segment in segments {
            self.forget_panes(segment.as_ref(), outbox)?;
        }
        self.quality.forget(&self.knowledge.name, outbox)?;
        self.objectives.forget(&self.knowledge.name, outbox)?;
        let name = self.knowledge.name;
        for segment in self.segment_references.into_keys().map(Some).chain([None]) {
            outbox.remove(&StateKey::Reference(name.clone(), segment))?;
        }
        outbox.remove(&StateKey::Model(name))?;
        Ok(())
    }
}

/// Minutes of silence after which a model, and the quality of its versions and segments, is forgotten: as long as labels may
/// come, so may quality. What is judged for drift is forgotten sooner.
pub(super) fn labelled_minutes(plan: &Plan) -> i64 {
    let needed = if plan.joins() {
        plan.join.horizon_minutes + QUALITY_BEHIND_MINUTES
    } else {
        0
    };
    plan.bounds.retire_minutes.max(needed)
}

/// Fine panes as long as a window that moves by minutes needs them, coarse ones for the longest window and for learning.
fn retention(plan: &Plan, is_learning: bool) -> Retention {
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
    let learning = if is_learning { LEARNING_MINUTES_MAX } else { 0 };
    Retention {
        fine_minutes: fine.unwrap_or(0).max(COARSE_MINUTES) + COARSE_MINUTES,
        coarse_minutes: coarse.max(learning) + COARSE_MINUTES,
    }
}

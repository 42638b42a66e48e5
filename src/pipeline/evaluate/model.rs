//! The data of one model: panes, references, knowledge, quality and objectives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::former::{FormerReference, LearnedSegment};
use super::habits::SegmentHabits;
use super::knowledge::Knowledge;
use super::objectives::Objectives;
use super::quality::ModelQuality;
use super::slice::Slice;
use super::tallies::{Baselines, TallyPane};
use super::unpaged_subjects::UnpagedSubjects;
use crate::alert::Episodes;
use crate::detect::volume::Slot;
use crate::event::Segment;
use crate::pipeline::observations::Forgotten;
use crate::pipeline::plan::LearningPlan;
use crate::reference::Reference;
use crate::sketch::{Partial, Subject};
use crate::window::{Boundary, COARSE_MINUTES, PaneRing, Resolution, Span, Tier};

/// Predictions in the panes of `span`.
pub(super) fn predictions_in(ring: &PaneRing<Partial>, span: Span) -> u64 {
    let panes = ring.panes_of(span).into_iter();
    panes.map(|pane| pane.predictions).sum()
}

/// One model.
pub struct Model {
    pub(super) knowledge: Knowledge,
    pub(super) reference: Option<Arc<Reference>>,
    /// References of the segments that have learned one.
    pub(super) segment_references: BTreeMap<Segment, Arc<Reference>>,
    /// The whole (`None`) and the segments whose references changed at this boundary, and are not published yet.
    pub(super) unpublished: BTreeSet<Option<Segment>>,
    /// The references of the whole and of segments, ready to count panes.
    baselines: BTreeMap<Option<Segment>, Baselines>,
    /// What was learned of the whole and of segments from ordinary days.
    pub(super) habits: BTreeMap<Option<Segment>, SegmentHabits>,
    pub(super) rings: BTreeMap<Slice, PaneRing<Partial>>,
    /// What an order dropped and another can bring back.
    pub(super) former: Option<FormerReference>,
    /// The panes, counted against the references.
    pub(super) tallies: BTreeMap<Slice, PaneRing<TallyPane>>,
    pub(super) quality: ModelQuality,
    pub(super) objectives: Objectives,
    /// Subjects that open no alerts.
    pub(super) unpaged: UnpagedSubjects,
    /// True if the knowledge has changed since it was written.
    pub(super) changed: bool,
}

impl Model {
    /// A model that was first seen in the pane that starts at `first_pane`.
    #[must_use]
    pub fn new(name: String, first_pane: Boundary) -> Self {
        Self::restored(Knowledge::new(name, first_pane))
    }

    /// A model of which only the knowledge was read. References, panes, quality and objectives are restored after it.
    pub(super) fn restored(knowledge: Knowledge) -> Self {
        Self {
            knowledge,
            reference: None,
            segment_references: BTreeMap::new(),
            unpublished: BTreeSet::new(),
            baselines: BTreeMap::new(),
            habits: BTreeMap::new(),
            former: None,
            rings: BTreeMap::new(),
            tallies: BTreeMap::new(),
            quality: ModelQuality::default(),
            objectives: Objectives::default(),
            unpaged: UnpagedSubjects::default(),
            changed: true,
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.knowledge.name
    }

    /// The reference of a segment, or of the whole.
    pub(super) fn reference_of(&self, segment: Option<&Segment>) -> Option<&Arc<Reference>> {
        match segment {
            Some(segment) => self.segment_references.get(segment),
            None => self.reference.as_ref(),
        }
    }

    /// The baselines of a segment, or of the whole; `None` without a reference.
    pub(super) fn baselines_of(&self, segment: Option<&Segment>) -> Option<&Baselines> {
        self.baselines.get(&segment.cloned())
    }

    pub(super) fn set_reference(&mut self, segment: Option<Segment>, reference: Reference) {
        let baselines = Baselines::of(&reference, self.came_back_at());
        self.baselines.insert(segment.clone(), baselines);
        let reference = Arc::new(reference);
        match segment {
            Some(segment) => {
                self.segment_references.insert(segment, reference);
            }
            None => self.reference = Some(reference),
        }
    }

    /// Hands out all references, and what was learned with them.
    pub(super) fn take_learned_segments(&mut self) -> BTreeMap<Option<Segment>, LearnedSegment> {
        self.baselines.clear();
        self.unpublished.clear();
        let mut habits = std::mem::take(&mut self.habits);
        let whole = self.reference.take().map(|whole| (None, whole));
        let segments = std::mem::take(&mut self.segment_references).into_iter();
        let segments = segments.map(|(segment, own)| (Some(segment), own));
        let learned = whole.into_iter().chain(segments).map(|(segment, own)| {
            let learned = LearnedSegment {
                reference: Arc::unwrap_or_clone(own),
                habits: habits.remove(&segment).unwrap_or_default(),
            };
            (segment, learned)
        });
        learned.collect()
    }

    /// First boundary from which windows of a segment, or of the whole, are compared: the end of what its reference was learned
    /// from, or the order that brought it back; `None` without a reference.
    pub(super) fn compared_since(&self, segment: Option<&Segment>) -> Option<Boundary> {
        let learned = self.reference_of(segment)?.span.end;
        Some(self.came_back_at().map_or(learned, |at| at.max(learned)))
    }

    /// Boundary at which an order brought back the references in force; `None` without such an order.
    pub(super) fn came_back_at(&self) -> Option<Boundary> {
        self.knowledge.comeback.map(|own| own.at)
    }

    /// What was learned of a segment, or of the whole, from ordinary days.
    pub(super) fn habits_of(&self, segment: Option<&Segment>) -> Option<&SegmentHabits> {
        self.habits.get(&segment.cloned())
    }

    /// Forgets the reference of a segment, and what was counted and learned with it.
    pub(super) fn drop_reference(&mut self, segment: &Segment) -> bool {
        let whose = Some(segment.clone());
        self.baselines.remove(&whose);
        self.habits.remove(&whose);
        self.segment_references.remove(segment).is_some()
    }

    /// The panes of a segment, or of the whole, by version. The whole contains every prediction once.
    pub(super) fn rings_of(
        &self,
        segment: Option<&Segment>,
    ) -> impl Iterator<Item = (&Slice, &PaneRing<Partial>)> {
        self.rings
            .iter()
            .filter(move |(slice, _)| slice.segment.as_ref() == segment)
    }

    /// Segments that have panes.
    pub(super) fn segments(&self) -> BTreeSet<&Segment> {
        let slices = self.rings.keys();
        slices.filter_map(|slice| slice.segment.as_ref()).collect()
    }

    /// The alerts, except those of objectives.
    #[must_use]
    pub fn episodes(&self) -> &Episodes {
        &self.knowledge.episodes
    }

    /// True if an alert is pending, firing or recently resolved.
    pub(super) fn has_alerts(&self) -> bool {
        let mut all = self.objectives.episodes().map(|(_, episodes)| episodes);
        !self.episodes().is_empty() || all.any(|episodes| !episodes.is_empty())
    }

    /// Predictions in the coarse panes within `span`, of a segment or of the whole.
    pub(super) fn coarse_predictions(&self, segment: Option<&Segment>, span: Span) -> u64 {
        self.rings_of(segment)
            .flat_map(|(_, ring)| ring.within(Tier::Quarter, span))
            .map(|(_, pane)| pane.predictions)
            .sum()
    }

    /// Minutes of the whole hours within `span` that hold predictions, of a segment or of the whole. The hour in which
    /// `span` ends does not count before it is over.
    pub(super) fn traffic_minutes(&self, segment: Option<&Segment>, span: Span) -> i64 {
        self.minutes_with_traffic(segment, span, (Tier::Quarter, Tier::Hour))
    }

    /// The same by panes of six hours, which are kept for the whole learning span.
    pub(super) fn traffic_minutes_of_days(&self, segment: Option<&Segment>, span: Span) -> i64 {
        self.minutes_with_traffic(segment, span, (Tier::SixHours, Tier::SixHours))
    }

    fn minutes_with_traffic(
        &self,
        segment: Option<&Segment>,
        span: Span,
        (panes, unit): (Tier, Tier),
    ) -> i64 {
        let span = Span {
            start: span.start.floor(panes.minutes()),
            end: span.end,
        };
        let nth = |at: Boundary| at.0.div_euclid(unit.minutes());
        let kept = self
            .rings_of(segment)
            .flat_map(|(_, ring)| ring.within(panes, span));
        let with_traffic = kept.filter(|(_, pane)| pane.predictions > 0);
        let units: BTreeSet<i64> = with_traffic.map(|(start, _)| nth(start)).collect();
        let over = units.range(..nth(span.end)).count();
        unit.minutes() * i64::try_from(over).unwrap_or(i64::MAX / unit.minutes())
    }

    /// Start of the latest pane, rounded down to a quarter of an hour.
    #[must_use]
    pub fn last_seen(&self) -> Boundary {
        self.knowledge.last_seen
    }

    /// Number of closed panes.
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

    /// Forgets up to `count` versions that were last seen before `silent_before`, those first that were silent the longest.
    pub(super) fn give_way(&mut self, count: usize, silent_before: Boundary) -> Vec<Forgotten> {
        if count == 0 {
            return Vec::new();
        }
        let versions = &mut self.knowledge.versions;
        let mut silent: Vec<(Option<Boundary>, String)> = versions
            .iter()
            .map(|(version, subjects)| {
                let last = subjects.values().map(|seen| seen.last).max();
                (last, version.clone())
            })
            .filter(|(last, _)| *last < Some(silent_before))
            .collect();
        silent.sort_unstable();
        silent.truncate(count);
        for (_, version) in &silent {
            versions.remove(version);
        }
        self.changed |= !silent.is_empty();
        let forgotten = |(_, version)| Forgotten {
            model: self.knowledge.name.clone(),
            version: Some(version),
            ..Forgotten::default()
        };
        silent.into_iter().map(forgotten).collect()
    }

    /// Counts predictions of versions that a limit turned away from the pane that starts at `start`: traffic is what comes, not
    /// what is kept.
    pub(super) fn count_turned_away(&mut self, start: Boundary, predictions: u64) {
        let slot = Slot::holding(start);
        self.knowledge.volume.record(slot, predictions);
        self.changed = true;
    }

    pub(super) fn knows(&self, version: &str, subject: &Subject) -> bool {
        let subjects = self.knowledge.versions.get(version);
        subjects.is_some_and(|subjects| subjects.contains_key(subject))
    }

    /// Start of the time from which the model learns: its first pane, or what the last order to learn anew said.
    pub(super) fn since(&self) -> Boundary {
        let first = self.knowledge.first_pane;
        self.knowledge.relearned_from.unwrap_or(first).max(first)
    }

    /// Quarter of an hour in which the oldest of the version's subjects was first seen; `None` if it has none.
    pub(super) fn version_since(&self, version: &str) -> Option<Boundary> {
        let subjects = self.knowledge.versions.get(version)?;
        subjects.values().map(|seen| seen.first).min()
    }

    /// Quarter of an hour in which a subject of a version was first seen; `None` if it is not known.
    pub(super) fn feature_since(&self, version: &str, subject: &Subject) -> Option<Boundary> {
        let subjects = self.knowledge.versions.get(version)?;
        subjects.get(subject).map(|seen| seen.first)
    }

    /// Quarter of an hour in which a segment was first seen; `None` if it is not known.
    pub(super) fn segment_since(&self, segment: &Segment) -> Option<Boundary> {
        self.knowledge.segments.first_seen(segment)
    }

    /// Start of the first quarter of an hour within `span` in which a segment, or the whole, had `subject`.
    pub(super) fn first_pane_of(
        &self,
        segment: Option<&Segment>,
        subject: &Subject,
        span: Span,
    ) -> Option<Boundary> {
        let panes = self
            .rings_of(segment)
            .flat_map(|(_, ring)| ring.within(Tier::Quarter, span));
        let holding = panes.filter(|(_, pane)| pane.subjects.contains_key(subject));
        holding.map(|(start, _)| start).min()
    }

    /// Subjects that `reference` lacks, with the quarter of an hour in which each was first seen. One that stays too rare
    /// for 30 days is given up: its panes are no longer kept.
    pub(super) fn late_subjects(&self, reference: &Reference) -> BTreeMap<Subject, Boundary> {
        let oldest = self.oldest_late();
        let mut late: BTreeMap<Subject, Boundary> = BTreeMap::new();
        for (subject, seen) in self.lacking(reference).filter(|(_, seen)| *seen >= oldest) {
            let first = late.entry(subject.clone()).or_insert(seen);
            *first = seen.min(*first);
        }
        late
    }

    /// Subjects that `reference` lacks and that stayed too rare for 30 days in every version.
    pub(super) fn too_rare_subjects(&self, reference: &Reference) -> BTreeSet<Subject> {
        let oldest = self.oldest_late();
        let lacking = || self.lacking(reference);
        let learning = lacking().filter(|(_, seen)| *seen >= oldest);
        let learning: BTreeSet<&Subject> = learning.map(|(subject, _)| subject).collect();
        let rare = lacking().filter(|(subject, _)| !learning.contains(subject));
        rare.map(|(subject, _)| subject.clone()).collect()
    }

    /// Time from which a late subject may be seen first and still learn.
    fn oldest_late(&self) -> Boundary {
        Boundary(self.knowledge.last_seen.0 - i64::from(LearningPlan::SPAN_MINUTES_MAX))
    }

    /// Subjects of versions that `reference` lacks, with the quarter of an hour in which each was first seen.
    fn lacking<'a>(
        &'a self,
        reference: &'a Reference,
    ) -> impl Iterator<Item = (&'a Subject, Boundary)> {
        let known = self.knowledge.versions.values().flatten();
        let lacking = known
            .filter(|(subject, _)| subject.drifts() && !reference.subjects.contains_key(*subject));
        // A subject that is known for long is late to a reference that was learned again, or brought back. What was given up
        // as late to that reference stays so.
        lacking.map(|(subject, seen)| {
            let is_given_up = self.knowledge.given_up.contains_key(subject);
            let since = if is_given_up {
                reference.span.start
            } else {
                self.late_since(reference.span.start)
            };
            (subject, seen.first.max(since))
        })
    }

    /// First boundary from which what a reference lacks that covers the time from `start` on may be learned. Panes from before an
    /// order brought it back are of the state that was given up.
    pub(super) fn late_since(&self, start: Boundary) -> Boundary {
        let came_back = self.came_back_at();
        let quarter = came_back.map(|at| at.plus_minutes(COARSE_MINUTES - 1).floor(COARSE_MINUTES));
        quarter.map_or(start, |quarter| quarter.max(start))
    }

    pub(super) fn feature_count(&self, version: &str) -> usize {
        let subjects = self.knowledge.versions.get(version);
        subjects
            .into_iter()
            .flat_map(BTreeMap::keys)
            .filter(|subject| matches!(subject, Subject::Feature(_)))
            .count()
    }

    pub(super) fn knows_segment(&self, segment: &Segment) -> bool {
        self.knowledge.segments.knows(segment)
    }

    /// True if labels of the slice are counted. A slice that a limit turned away has no quality. A version or segment
    /// that fell silent is replaced by others long before its last labels have come.
    pub(super) fn holds(&self, slice: &Slice) -> bool {
        self.knowledge.labelled_until.contains_key(slice)
    }

    /// Number of known values of the segment key `key`.
    pub(super) fn values_of(&self, key: &str) -> usize {
        self.knowledge.segments.values_of(key)
    }

    /// Adds a pane that has just closed.
    pub(super) fn insert_pane(&mut self, slice: Slice, start: Boundary, partial: Partial) {
        let seen = start.floor(COARSE_MINUTES);
        let day = Resolution::Day.start(start);
        let knowledge = &mut self.knowledge;
        self.changed |= knowledge.labelled_until.insert(slice.clone(), day) != Some(day);
        self.changed |= match &slice.segment {
            Some(segment) => knowledge.segments.note(segment, seen),
            None => knowledge.note_version(&slice.version, seen, &partial),
        };
        self.count_pane(&slice, start, &partial);
        let ring = self.rings.entry(slice).or_default();
        ring.insert(Tier::Minute, start, partial);
    }
}

//! The last stage: frames in, closed panes, windows, findings, alerts, reports and state out.
//!
//! A frame is merged when it is read; what follows from a moved clock is done by [`Evaluate::step`], one boundary at a
//! time, in order, each exactly once. Frames that come meanwhile only touch panes beyond the clock, so it does not
//! matter whether judging lags behind reading: results are a function of the panes alone.

mod admission;
mod aging;
mod case;
mod close_model;
mod idle;
mod judge;
mod knowledge;
mod learning;
mod model;
mod objective_evaluation;
mod objectives;
mod observe;
mod pending_quality;
mod publish;
mod quality;
mod reports;
mod restore;
mod retire;
mod slice;
mod step;
mod variability;
mod volume;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use model::Model;

use self::idle::IdleObjectives;
use self::objective_evaluation::QualityDelta;
use self::pending_quality::PendingQuality;
use self::slice::Slice;
use self::step::StepContext;
use super::cursor::{Admission, Cursors};
use super::frame::{Frame, FrameLink, PanePartial, Summary, unpack};
use super::observations::Observations;
use super::outbox::{Outbox, Writes};
use super::output::Output;
use super::plan::{PANES_PARTITIONS, Plan};
use super::state::{Head, StateKey};
use super::stop::Stop;
use crate::alert::Integrity;
use crate::event::{EventTime, Scope};
use crate::sketch::{Monoid, Partial};
use crate::window::{Boundary, PANE_MILLIS};

/// Open panes: what has been merged and not yet closed.
type OpenPanes = BTreeMap<Boundary, BTreeMap<Scope, Partial>>;

/// Frames between the last checkpoint and the state's head, being read again.
struct Replay {
    /// The offset at which it is over.
    until: i64,
    /// Where the cursors must stand then.
    expected: Cursors,
    /// Up to where quality was judged then.
    quality_closed: Option<Boundary>,
}

/// What one flush of evaluate gives.
#[derive(Debug, Default)]
pub struct Evaluated {
    /// Records to publish and state to write.
    pub writes: Writes,
    /// What metrics and the status page show once the flush is committed.
    pub observations: Observations,
}

/// The evaluate task of one partition of `panes`.
pub struct Evaluate {
    plan: Arc<Plan>,
    cursors: Cursors,
    /// The cursors at `open_from`: what a replay starts with.
    open_cursors: Cursors,
    next: i64,
    open_from: i64,
    closed: Option<Boundary>,
    /// What became known of predictions, and how far that was judged.
    known: PendingQuality,
    open: OpenPanes,
    checkpointed: BTreeSet<(Boundary, Scope)>,
    models: BTreeMap<String, Model>,
    replay: Option<Replay>,
    /// Whose turn it was where both clocks have passed something.
    was_quality: bool,
    outbox: Outbox,
    observations: Observations,
    changed: bool,
    reports_global_events: bool,
    idle: IdleObjectives,
}

impl Evaluate {
    /// The task of `partition`, which has never run; `panes` is read from `first` on.
    #[must_use]
    pub fn begin(plan: Arc<Plan>, partition: i32, first: i64) -> Self {
        Self {
            plan,
            cursors: Cursors::default(),
            open_cursors: Cursors::default(),
            next: first,
            open_from: first,
            closed: None,
            known: PendingQuality::default(),
            open: OpenPanes::new(),
            checkpointed: BTreeSet::new(),
            models: BTreeMap::new(),
            replay: None,
            was_quality: false,
            outbox: Outbox::default(),
            observations: Observations::default(),
            changed: true, // the first commit carries a head: an offset without one is taken for tampering
            reports_global_events: partition == 0,
            idle: IdleObjectives::new(partition),
        }
    }

    /// The offset to commit: the next one of `panes` that was not taken.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.next
    }

    /// The offset to read from: earlier than the committed one while open panes are rebuilt.
    #[must_use]
    pub fn read_from(&self) -> i64 {
        if self.replay.is_some() {
            self.open_from
        } else {
            self.next
        }
    }

    /// Where it stands in each source.
    #[must_use]
    pub fn cursors(&self) -> &Cursors {
        self.replay
            .as_ref()
            .map_or(&self.cursors, |replay| &replay.expected)
    }

    /// The last boundary that was closed.
    #[must_use]
    pub fn closed(&self) -> Option<Boundary> {
        self.closed
    }

    /// The digest of all that is written of it but the head.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.outbox.digest()
    }

    /// Whether frames since the last checkpoint are still being read again.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.replay.is_some()
    }

    /// Bytes that the next flush writes.
    #[must_use]
    pub fn outbox_bytes(&self) -> usize {
        self.outbox.bytes()
    }

    /// Panes kept, open and closed.
    #[must_use]
    pub fn pane_count(&self) -> usize {
        let open: usize = self.open.values().map(BTreeMap::len).sum();
        open + self.models.values().map(Model::pane_count).sum::<usize>()
    }

    /// The clock: event time up to which every source is believed complete.
    #[must_use]
    pub fn clock(&self) -> Option<EventTime> {
        let topics = &self.plan.topics;
        let counts = |topic: &str| {
            topic != topics.outcomes && !topics.retired.iter().any(|retired| retired == topic)
        };
        self.cursors().clock(counts, &topics.predictions)
    }

    /// The clock of the join: up to where everything that became known has come.
    #[must_use]
    pub fn quality_clock(&self) -> Option<EventTime> {
        let outcomes = &self.plan.topics.outcomes;
        self.cursors().clock(|topic| topic == outcomes, [outcomes])
    }

    /// The last boundary up to which quality was judged.
    #[must_use]
    pub fn quality_closed(&self) -> Option<Boundary> {
        self.known.closed()
    }

    /// Takes the record of frames at `offset`.
    ///
    /// # Errors
    /// When the chain of frames is broken or the record is not ours: stop the task.
    pub fn submit(&mut self, offset: i64, record: &[u8]) -> Result<(), Stop> {
        for frame in unpack::<Summary>(record)? {
            self.merge(frame)?;
        }
        match &self.replay {
            Some(replay) if offset + 1 < replay.until => {}
            Some(_) => self.finish_replay()?,
            None => {
                self.next = offset + 1;
                self.changed = true;
            }
        }
        Ok(())
    }

    fn merge(&mut self, mut frame: Frame<Summary>) -> Result<(), Stop> {
        let replaying = self.replay.is_some();
        if self.cursors.admit(&frame)? == Admission::Duplicate {
            if !replaying {
                self.note_duplicate(&frame);
            }
            return Ok(());
        }
        for load in std::mem::take(&mut frame.payloads) {
            match load {
                Summary::Pane(piece) => {
                    self.observations.late_for_stage += self.merge_partial(piece, replaying);
                }
                Summary::Quality(partial) => {
                    let came_in_time = self.known.merge(*partial);
                    self.observations.late_quality += u64::from(!came_in_time && !replaying);
                }
            }
        }
        let last_seen = self.cursors.end_of(&frame.source);
        self.cursors.pass(&frame);
        if !replaying {
            self.note_loss(&frame, last_seen);
        }
        Ok(())
    }

    /// Merges one partial into its open pane; answers the predictions that came too late for it.
    fn merge_partial(&mut self, piece: PanePartial, replaying: bool) -> u64 {
        if self.closed.is_some_and(|closed| piece.start < closed) {
            // While replaying, its pane was closed and written down before. Otherwise its source appeared after the
            // clock had passed: a partition that was added.
            // A segment's predictions are counted in the whole.
            return if replaying || piece.scope.segment.is_some() {
                0
            } else {
                piece.partial.predictions
            };
        }
        let scopes = self.open.entry(piece.start).or_default();
        scopes.entry(piece.scope).or_default().merge(&piece.partial);
        0
    }

    /// A loss that an operator accepted is told once, by the partition that all partitions can agree on. What was given
    /// up begins where the source was last heard, whatever became of its committed offset.
    fn note_loss(&mut self, frame: &Frame<Summary>, last_seen: Option<i64>) {
        if let FrameLink::Lost { from, to } = frame.link
            && !frame.more
            && self.reports_global_events
        {
            let lost = Integrity::Lost {
                from: last_seen.unwrap_or(from),
                to,
            };
            self.tell(frame, lost);
        }
    }

    fn note_duplicate(&mut self, frame: &Frame<Summary>) {
        self.observations.duplicate_frames += 1;
        self.tell(frame, Integrity::DuplicateFrame { seq: frame.seq });
    }

    fn tell(&mut self, frame: &Frame<Summary>, what: Integrity) {
        let at = frame
            .watermark
            .or_else(|| self.clock())
            .unwrap_or(EventTime(0));
        self.outbox
            .publish(Output::integrity(&self.plan.alert, &frame.source, what, at));
    }

    fn finish_replay(&mut self) -> Result<(), Stop> {
        match self.replay.take() {
            Some(replay) if replay.expected != self.cursors => Err(Stop::Diverged),
            Some(replay) => {
                self.close_quality_again(replay.quality_closed);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Whether the clock has passed a boundary that is not closed yet.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.replay.is_none()
            && (self.next_boundary().is_some() || self.next_quality_boundary().is_some())
    }

    /// Closes the next boundary that a clock has passed, if there is one. Where both have, they take turns: a catch-up of
    /// predictions must not hold up quality until it is over, and gather all that became known meanwhile, nor the reverse.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn step(&mut self) -> Result<(), Stop> {
        if self.replay.is_some() {
            return Ok(());
        }
        match (self.next_boundary(), self.next_quality_boundary()) {
            (Some(_), Some(boundary)) if !self.was_quality => {
                self.was_quality = true;
                self.close_quality(boundary)
            }
            (Some(boundary), _) => {
                self.was_quality = false;
                self.close(boundary)
            }
            (None, Some(boundary)) => self.close_quality(boundary),
            (None, None) => Ok(()),
        }
    }

    /// The next boundary up to which what became known is judged: never before the predictions of that boundary were.
    fn next_quality_boundary(&self) -> Option<Boundary> {
        let clock = self.quality_clock().map(Boundary::at_or_before);
        self.known.next(clock, self.closed)
    }

    /// Counts what became known in the minute that ends at `boundary`, then judges what ends there.
    fn close_quality(&mut self, boundary: Boundary) -> Result<(), Stop> {
        let known = self.known.close(boundary);
        let mut step = StepContext {
            at: boundary,
            plan: &self.plan,
            outbox: &mut self.outbox,
            observations: &mut self.observations,
        };
        for ((scope, predicted), quality) in known {
            if let Some(model) = self.models.get_mut(&scope.model) {
                let of = QualityDelta {
                    slice: Slice::from(&scope),
                    predicted,
                    quality,
                };
                objective_evaluation::count(model, &of, &mut step)?;
            }
        }
        for model in self.models.values_mut() {
            objective_evaluation::judge(model, &mut step)?;
        }
        self.changed = true;
        Ok(())
    }

    /// What became known between the last checkpoint and `until` was counted and judged before: it is only counted again.
    fn close_quality_again(&mut self, until: Option<Boundary>) {
        while let Some(boundary) = self.known.next(until, until) {
            for ((scope, predicted), quality) in self.known.close(boundary) {
                if let Some(model) = self.models.get_mut(&scope.model) {
                    let slice = Slice::from(&scope);
                    if model.holds(&slice) {
                        let quality_of = &mut model.quality;
                        quality_of.add(slice, predicted, boundary, &quality, &self.plan);
                    }
                }
            }
        }
    }

    /// The next boundary to close. Without any model, time without panes is skipped.
    fn next_boundary(&self) -> Option<Boundary> {
        let target = Boundary::at_or_before(self.clock()?);
        let first_open = self
            .open
            .first_key_value()
            .map(|(start, _)| start.plus_minutes(1));
        let next = match self.closed {
            Some(closed) if !self.models.is_empty() => closed.plus_minutes(1),
            _ => first_open?,
        };
        (next <= target).then_some(next)
    }

    /// Closes the pane that ends at `boundary`, then judges what ends there.
    fn close(&mut self, boundary: Boundary) -> Result<(), Stop> {
        let start = boundary.plus_minutes(-1);
        let mut scopes = self.open.remove(&start).unwrap_or_default();
        self.forget_checkpoint(start, scopes.keys().cloned().collect())?;
        let overflow = admission::admit(&self.plan, &mut self.models, &mut scopes, start);
        self.observations.overflow += overflow;
        for (scope, partial) in scopes {
            self.outbox
                .put(&StateKey::Fine(scope.clone(), start), &partial)?;
            if let Some(model) = self.models.get_mut(&scope.model) {
                let slice = Slice {
                    version: scope.version,
                    segment: scope.segment,
                };
                model.insert_pane(slice, start, partial);
            }
        }
        let mut step = StepContext {
            at: boundary,
            plan: &self.plan,
            outbox: &mut self.outbox,
            observations: &mut self.observations,
        };
        for model in self.models.values_mut() {
            close_model::close(model, &mut step)?;
        }
        self.retire_models(boundary)?;
        self.closed = Some(boundary);
        self.changed = true;
        Ok(())
    }

    fn forget_checkpoint(&mut self, start: Boundary, scopes: Vec<Scope>) -> Result<(), Stop> {
        for scope in scopes {
            if self.checkpointed.remove(&(start, scope.clone())) {
                self.outbox.remove(&StateKey::Open(scope, start))?;
            }
        }
        Ok(())
    }

    fn retire_models(&mut self, boundary: Boundary) -> Result<(), Stop> {
        let oldest = boundary.plus_minutes(-retire::labelled_minutes(&self.plan));
        // A model with an alert lives on until that has ended.
        let silent = self
            .models
            .values()
            .filter(|model| model.last_seen() < oldest && !model.has_alerts());
        let silent: Vec<String> = silent.map(|model| model.name().to_owned()).collect();
        for name in silent {
            if let Some(model) = self.models.remove(&name) {
                retire::forget(model, &mut self.outbox)?;
            }
        }
        Ok(())
    }

    /// Writes the open panes down, so that a restart reads frames again from here only.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn checkpoint(&mut self) -> Result<(), Stop> {
        let is_news = self.open_from != self.next || self.known.has_moved();
        if self.replay.is_some() || !is_news {
            return Ok(());
        }
        for (start, scopes) in &self.open {
            for (scope, partial) in scopes {
                self.outbox
                    .put(&StateKey::Open(scope.clone(), *start), partial)?;
                self.checkpointed.insert((*start, scope.clone()));
            }
        }
        self.known.checkpoint(&mut self.outbox)?;
        for model in self.models.values_mut() {
            let name = model.knowledge.name.clone();
            model.quality.checkpoint(&name, &mut self.outbox)?;
        }
        self.open_from = self.next;
        self.open_cursors = self.cursors.clone();
        self.changed = true;
        Ok(())
    }

    /// What has gathered since the last flush, the head included if anything changed.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn flush(&mut self) -> Result<Evaluated, Stop> {
        let mut observations = std::mem::take(&mut self.observations);
        observations.newly_idle = self.idle.update(self.clock(), &self.plan, &self.models);
        self.observe_into(&mut observations);
        if self.replay.is_some() {
            // A head that is written now would say what is true only once all was read.
            return Ok(Evaluated {
                writes: Writes::default(),
                observations,
            });
        }
        if std::mem::take(&mut self.changed) {
            let head = Head {
                partitions: PANES_PARTITIONS,
                pane_millis: PANE_MILLIS,
                next: self.next,
                open_from: self.open_from,
                cursors: self.cursors.clone(),
                open_cursors: self.open_cursors.clone(),
                closed: self.closed,
                quality_closed: self.known.closed(),
                open_quality_closed: self.known.checkpoint_closed(),
                digest: self.outbox.digest(),
            };
            self.outbox.put(&StateKey::Head, &head)?;
        }
        let writes = self.outbox.take();
        observations.published = writes.published();
        observations.state_bytes = writes.state_bytes();
        Ok(Evaluated {
            writes,
            observations,
        })
    }
}

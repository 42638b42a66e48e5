//! The last stage: reads frames, closes panes, judges windows, and sends alerts, reports and state.
//!
//! A frame is merged when it is read. Once the clock has moved, [`Stage::step`] closes one boundary at a time, in order,
//! each exactly once. Frames that come meanwhile only touch panes beyond the clock, so results do not depend on how far
//! the steps lag behind: they are a function of the panes alone.

mod admission;
mod aging;
mod case;
mod close;
mod close_model;
mod control;
mod counted_panes;
mod days;
mod drop_threshold;
mod former;
mod given_up;
mod habit_span;
mod habits;
mod idle;
mod judge;
mod knowledge;
mod learning;
mod left_out;
mod merge;
mod model;
mod moving;
mod name_limits;
mod objective_evaluation;
mod objectives;
mod observe;
mod open_names;
mod orders;
mod ordinary_days;
mod pending_quality;
mod pin;
mod publish;
mod quality;
mod remarks;
mod reports;
mod restore;
mod retire;
mod rhythms;
mod slice;
mod step;
mod tallies;
mod troubled_times;
mod unclosed_panes;
mod unjudged;
mod unpaged;
mod unpaged_subjects;
mod variability;
mod volume;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use aging::learnable_minutes;
pub use model::Model;

use self::idle::IdleObjectives;
use self::orders::Orders;
use self::pending_quality::PendingQuality;
use self::unclosed_panes::UnclosedPanes;
use super::clock::{SlowestSource, slowest};
use super::frame::{SourceId, Summary, unpack};
use super::incident::DatedIncident;
use super::intake::{Intake, RecordPassed, ReplayStart};
use super::observations::Observations;
use super::outbox::{Outbox, Writes};
use super::partition::INTERNAL_PARTITIONS;
use super::plan::{Plan, Topics};
use super::stage::{Stage, StageError, StageFlush};
use super::state::{Head, StateKey, StateReader};
use crate::event::{EventTime, Tick};
use crate::window::{Boundary, PANE_MILLIS};

/// The evaluate task of one partition of `panes`.
pub struct Evaluate {
    plan: Arc<Plan>,
    intake: Intake,
    /// Position of the last checkpoint: a restart reads again from there.
    checkpoint: ReplayStart,
    closed: Option<Boundary>,
    /// Quality in minutes that are not closed yet.
    pending_quality: PendingQuality,
    open: UnclosedPanes,
    models: BTreeMap<String, Model>,
    /// The last boundary up to which quality was judged before a restart: up to there it is only counted again.
    quality_judged: Option<Boundary>,
    /// True if the last step closed quality while both clocks had work.
    last_was_quality: bool,
    outbox: Outbox,
    observations: Observations,
    changed: bool,
    reports_global_events: bool,
    /// Incidents of sources since the last flush.
    incidents: Vec<(SourceId, DatedIncident)>,
    idle: IdleObjectives,
    /// Orders of operators.
    orders: Orders,
}

impl Evaluate {
    /// Bytes that the next flush writes.
    #[must_use]
    pub fn outbox_bytes(&self) -> usize {
        self.outbox.bytes()
    }

    /// Open and closed panes in memory.
    #[must_use]
    pub fn pane_count(&self) -> usize {
        self.open.len() + self.models.values().map(Model::pane_count).sum::<usize>()
    }

    /// Sketches and scopes in open panes: their memory grows with it, by some 450 bytes each.
    #[must_use]
    pub fn open_sketches(&self) -> usize {
        self.open.sketches()
    }

    /// The clock of predictions: the smallest watermark of all sources of predictions topics.
    #[must_use]
    pub fn clock(&self) -> Option<EventTime> {
        let topics = &self.plan.topics;
        let counts = |topic: &str| topics.is_of_predictions(topic);
        self.intake.cursors().clock(counts, &topics.predictions)
    }

    /// The source that holds the clock of predictions; of several one that `prefers` chooses.
    #[must_use]
    pub fn slowest_source(&self, prefers: impl Fn(&SourceId) -> bool) -> Option<SlowestSource> {
        let topics = &self.plan.topics;
        let counts = |topic: &str| topics.is_of_predictions(topic);
        let cursors = self.intake.cursors();
        slowest(cursors, counts, &topics.predictions, prefers)
    }

    /// The join that holds the clock of quality; of several one that `prefers` chooses.
    #[must_use]
    pub fn slowest_join(&self, prefers: impl Fn(&SourceId) -> bool) -> Option<SlowestSource> {
        let outcomes = &self.plan.topics.outcomes;
        let cursors = self.intake.cursors();
        slowest(cursors, |topic| topic == outcomes, [outcomes], prefers)
    }

    /// The clock of quality: the smallest watermark of all joins.
    #[must_use]
    pub fn quality_clock(&self) -> Option<EventTime> {
        let outcomes = &self.plan.topics.outcomes;
        self.intake
            .cursors()
            .clock(|topic| topic == outcomes, [outcomes])
    }

    /// Writes a checkpoint of the open panes, so that a restart reads frames again only from here on.
    ///
    /// # Errors
    /// When a value of ours does not serialise.
    pub fn checkpoint(&mut self) -> Result<(), StageError> {
        let has_changes =
            self.checkpoint.offset != self.intake.next_offset() || self.pending_quality.has_moved();
        if self.intake.is_replaying() || !has_changes {
            return Ok(());
        }
        self.open.checkpoint(&mut self.outbox)?;
        self.pending_quality.checkpoint(&mut self.outbox)?;
        for model in self.models.values_mut() {
            let name = model.knowledge.name.clone();
            model.quality.checkpoint(&name, &mut self.outbox)?;
        }
        self.checkpoint = ReplayStart {
            offset: self.intake.next_offset(),
            cursors: self.intake.cursors().clone(),
        };
        self.changed = true;
        Ok(())
    }

    fn head(&self) -> Head {
        Head {
            partitions: INTERNAL_PARTITIONS,
            pane_millis: PANE_MILLIS,
            next: self.intake.next_offset(),
            open_from: self.checkpoint.offset,
            cursors: self.intake.cursors().clone(),
            open_cursors: self.checkpoint.cursors.clone(),
            closed: self.closed,
            quality_closed: self.pending_quality.closed(),
            open_quality_closed: self.pending_quality.checkpoint_closed(),
            digest: self.outbox.digest(),
        }
    }
}

impl Stage for Evaluate {
    type Observations = Observations;

    fn topic(topics: &Topics) -> &str {
        &topics.panes
    }

    fn begin(plan: &Arc<Plan>, partition: i32, _incarnation: u64, first: i64) -> Self {
        Self {
            plan: Arc::clone(plan),
            intake: Intake::begin(first),
            checkpoint: ReplayStart::at(first),
            closed: None,
            pending_quality: PendingQuality::default(),
            open: UnclosedPanes::default(),
            models: BTreeMap::new(),
            quality_judged: None,
            last_was_quality: false,
            outbox: Outbox::default(),
            observations: Observations::default(),
            changed: true, // the first commit must carry a head: an offset without one counts as tampering
            reports_global_events: partition == 0,
            incidents: Vec::new(),
            idle: IdleObjectives::new(partition),
            orders: Orders::default(),
        }
    }

    fn restore(
        plan: &Arc<Plan>,
        partition: i32,
        state: &StateReader,
    ) -> Result<Option<Self>, StageError> {
        Self::restore_from(plan, partition, state)
    }

    fn intake(&self) -> &Intake {
        &self.intake
    }

    fn submit(&mut self, offset: i64, record: &[u8]) -> Result<(), StageError> {
        for frame in unpack::<Summary>(record)? {
            self.merge(frame)?;
        }
        match self.intake.pass_record(offset)? {
            RecordPassed::Live => self.changed = true,
            RecordPassed::Replayed => {}
            RecordPassed::ReplayEnded => self.close_quality_again(self.quality_judged),
        }
        Ok(())
    }

    fn has_work(&self) -> bool {
        !self.intake.is_replaying()
            && (self.next_boundary().is_some() || self.next_quality_boundary().is_some())
    }

    /// Closes the next boundary that a clock has passed. If both clocks have passed one, they take turns: a catch-up of
    /// predictions must not hold up quality and gather it in memory, nor the reverse.
    fn step(&mut self) -> Result<(), StageError> {
        if self.intake.is_replaying() {
            return Ok(());
        }
        match (self.next_boundary(), self.next_quality_boundary()) {
            (Some(_), Some(boundary)) if !self.last_was_quality => {
                self.last_was_quality = true;
                self.close_quality(boundary)
            }
            (Some(boundary), _) => {
                self.last_was_quality = false;
                self.close(boundary)
            }
            (None, Some(boundary)) => self.close_quality(boundary),
            (None, None) => Ok(()),
        }
    }

    /// Never: the worker bounds the outboxes of all its evaluate tasks together.
    fn is_full(&self) -> bool {
        false
    }

    fn closed(&self) -> Option<Boundary> {
        self.closed
    }

    fn quality_closed(&self) -> Option<Boundary> {
        self.pending_quality.closed()
    }

    fn digest(&self) -> u64 {
        self.outbox.digest()
    }

    /// Writes the head if anything changed. During a replay nothing is written: the head would claim frames that are not
    /// merged yet.
    fn flush(&mut self, now: Tick) -> Result<Option<StageFlush<Observations>>, StageError> {
        let mut observations = std::mem::take(&mut self.observations);
        observations.newly_idle = self.idle.update(self.clock(), &self.plan, &self.models);
        self.observe_into(&mut observations);
        let mut writes = Writes::default();
        if !self.intake.is_replaying() {
            self.publish_incidents(now);
            self.orders.write(&mut self.outbox)?;
            if std::mem::take(&mut self.changed) {
                let head = self.head();
                self.outbox.put(&StateKey::Head, &head)?;
            }
            writes = self.outbox.take();
            observations.published = writes.published();
            observations.state_bytes = writes.state_bytes();
        }
        Ok(Some(StageFlush {
            panes: Vec::new(),
            writes,
            observations,
        }))
    }
}

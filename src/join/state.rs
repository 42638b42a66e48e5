//! The join as its owner sees it: told in any order, closed minute by minute, rebuilt after a restart.

use std::sync::Arc;

use super::bucket_filter::BucketFilter;
use super::buffer::{Buffer, BufferedItem, unpack};
use super::builder::OutcomesBuilder;
use super::checkpoint::{JoinCheckpoint, SuppressedPrediction};
use super::counts::JoinCounts;
use super::outcomes::Outcomes;
use super::rebuild::Rebuild;
use super::settings::JoinSettings;
use super::sink::{JoinSink, NullSink};
use super::waiting::Waiting;
use super::work::LiveState;
use crate::window::Boundary;

/// Predictions that wait for labels, labels that wait for predictions, and minutes that wait to be closed.
#[derive(Debug)]
pub struct Join {
    pub(super) live: LiveState,
    pub(super) buffer: Buffer,
    pub(super) closed: Option<Boundary>,
    pub(super) floor: Option<Boundary>,
    pub(super) rebuild: Option<Rebuild>,
}

impl Join {
    /// A join that was told nothing.
    #[must_use]
    pub fn new(settings: JoinSettings) -> Self {
        Self::restore(settings, JoinCheckpoint::default(), Vec::new())
    }

    /// A join that stands at `checkpoint` once it has been told again everything since [`Join::oldest_needed`].
    ///
    /// Until [`Join::resume`], minutes are worked without a word to any ledger and without counting, and none beyond
    /// `checkpoint.closed`. So that a long log need not be held in memory, minutes may be closed on the way, but none before
    /// all of it was told again. What is older than needed may be told again too, and is left out; what was told after
    /// the last minute was closed must be; what was never told must not be before [`Join::resume`].
    #[must_use]
    pub fn restore(
        settings: JoinSettings,
        checkpoint: JoinCheckpoint,
        suppressed: Vec<SuppressedPrediction>,
    ) -> Self {
        let rebuild = checkpoint.closed.map(|until| {
            Rebuild::new(
                until,
                checkpoint.counts,
                checkpoint.late_for_stage,
                suppressed,
            )
        });
        Self {
            live: LiveState {
                settings,
                buckets: Vec::new(),
                filter: BucketFilter::default(),
                waiting: Waiting::default(),
                counts: checkpoint.counts,
                settled: checkpoint.settled,
                suppressed: Vec::new(),
            },
            buffer: Buffer::default(),
            closed: None,
            floor: checkpoint.floor,
            rebuild,
        }
    }

    /// The next boundary up to which there is something to close: the end of a minute with events, or an expiry; at
    /// most `clock`. `None` if closing up to `clock` would change nothing but the clock, and during a rebuild.
    #[must_use]
    pub fn next(&self, clock: Boundary) -> Option<Boundary> {
        let settings = &self.live.settings;
        let minute = self.buffer.first().map(|minute| minute.plus_minutes(1));
        let bucket = self
            .live
            .buckets
            .first()
            .map(|bucket| settings.death(bucket.start));
        let waiting = self.live.waiting.first();
        let waiting = waiting.map(|minute| minute.plus_minutes(1 + settings.lead_minutes));
        let next = [minute, bucket, waiting].into_iter().flatten().min();
        next.filter(|next| *next <= clock && self.rebuild.is_none())
    }

    /// Works everything before `until`, in order, and tells the ledger. Closing in one step or in many is the same.
    pub fn close(&mut self, until: Boundary, sink: &mut impl JoinSink) {
        if self.rebuild.is_some() {
            return self.close_again(until);
        }
        while let Some((start, minute)) = self.buffer.pop_before(until) {
            self.expire(start);
            self.live.work(start, &minute, sink);
            self.limit(start.plus_minutes(1));
        }
        self.expire(until);
    }

    /// Works what was worked before. Predictions are not limited: what was forgotten then is below the floor now.
    fn close_again(&mut self, until: Boundary) {
        let stood = self.rebuild.as_ref().map_or(until, |rebuild| rebuild.until);
        let until = until.min(stood);
        while let Some((start, minute)) = self.buffer.pop_before(until) {
            self.expire(start);
            self.live.work(start, &minute, &mut NullSink);
            self.live.shrink_waiting();
        }
        self.expire(until);
    }

    /// Ends a rebuild: everything was told again. Nothing to do for a join that is not being rebuilt.
    pub fn resume(&mut self) {
        let Some(until) = self.rebuild.as_ref().map(|rebuild| rebuild.until) else {
            return;
        };
        self.close_again(until);
        self.live.suppressed.clear();
        if let Some(rebuild) = self.rebuild.take() {
            self.live.counts = rebuild.counts;
            let (batch, _, labelled) = unpack(rebuild.late_for_stage);
            for what in labelled {
                let content = batch.content_of_label(&what);
                let batch = Arc::clone(&batch);
                self.buffer.label(
                    until,
                    BufferedItem {
                        what,
                        batch,
                        content,
                    },
                );
            }
        }
    }

    fn expire(&mut self, to: Boundary) {
        let live = &mut self.live;
        self.closed = self.closed.max(Some(to));
        let oldest = live.settings.oldest_alive(to);
        self.floor = self.floor.max(Some(oldest));
        let dead = live.buckets.partition_point(|bucket| bucket.start < oldest);
        live.counts.expired += live.forget(dead);
        let waits = to.plus_minutes(-live.settings.lead_minutes);
        live.counts.labels_expired += live.waiting.expire_before(waits);
    }

    /// Forgets until the rest fits: waiting labels beyond their share, then the oldest predictions.
    fn limit(&mut self, until: Boundary) {
        let live = &mut self.live;
        live.shrink_waiting();
        while live.bytes() > live.settings.bytes_max {
            let Some(oldest) = live.buckets.first().map(|bucket| bucket.start) else {
                break;
            };
            live.counts.expired_early += live.forget(1);
            // What those predictions had to do with labels that wait cannot be found out by a rebuild.
            live.counts.labels_expired_early += live.waiting.settle();
            live.settled = Some(until);
            let end = oldest.plus_minutes(live.settings.bucket_minutes());
            self.floor = self.floor.max(Some(end.min(until)));
        }
    }

    /// Live predictions.
    #[must_use]
    pub fn entries(&self) -> u64 {
        let entries = self
            .live
            .buckets
            .iter()
            .map(|bucket| bucket.entries.len() as u64);
        entries.sum()
    }

    /// Live predictions of which nothing is known yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.live.buckets.iter().map(|bucket| bucket.pending).sum()
    }

    /// Labels that wait for their first prediction.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.live.waiting.uncounted()
    }

    /// Bytes of predictions and waiting labels: what `bytes_max` limits. A function of what is held, not of how it came.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.live.bytes()
    }

    /// Bytes of what was told but not closed, but for texts. It depends on how far the sources have run ahead of the
    /// clock, so it can make nothing expire; whoever reads the sources may wait.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.buffer.bytes()
    }

    /// Predictions before it are forgotten; `None` before anything was closed.
    #[must_use]
    pub fn floor(&self) -> Option<Boundary> {
        self.floor
    }

    /// Everything before it has been worked; `None` before anything was closed.
    #[must_use]
    pub fn closed(&self) -> Option<Boundary> {
        self.closed
    }

    /// Whether it was restored and waits for [`Join::resume`].
    #[must_use]
    pub fn is_rebuilding(&self) -> bool {
        self.rebuild.is_some()
    }

    /// The first minute whose outcomes a rebuild must be told, by the time of a prediction and the arrival of a label.
    /// It never goes back but for an event that is told with an older time. `None` if nothing was told or closed.
    #[must_use]
    pub fn oldest_needed(&self) -> Option<Boundary> {
        let first = self.live.buckets.first().map(|bucket| bucket.start);
        let first = first.max(self.floor.filter(|_| first.is_some()));
        let lives = [first, self.closed].into_iter().flatten().min();
        let waits = lives.map(|lives| lives.plus_minutes(-self.live.settings.lead_minutes));
        [waits, self.buffer.first()].into_iter().flatten().min()
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> JoinCounts {
        match &self.rebuild {
            Some(rebuild) => rebuild.counts,
            None => self.live.counts,
        }
    }

    /// What must be written down, beside [`Join::take_suppressed`], for a rebuild. Not to be asked for during one.
    #[must_use]
    pub fn checkpoint(&self) -> JoinCheckpoint {
        JoinCheckpoint {
            closed: self.closed,
            floor: self.floor,
            settled: self.live.settled,
            late_for_stage: self.late_for_stage(),
            counts: self.counts(),
        }
    }

    fn late_for_stage(&self) -> Outcomes {
        let mut late_for_stage = OutcomesBuilder::default();
        let Some(closed) = self.closed else {
            return Outcomes::default();
        };
        let labels = self.buffer.get(closed).into_iter();
        for item in labels.flat_map(|minute| &minute.labelled) {
            if item.what.arrival < closed.time() {
                late_for_stage.label(item.batch.parts_of(&item.what));
            }
        }
        late_for_stage.take()
    }

    /// Refusals since the last call that a rebuild could not repeat: to be written down, a set.
    pub fn take_suppressed(&mut self) -> Vec<SuppressedPrediction> {
        std::mem::take(&mut self.live.suppressed)
    }
}

impl LiveState {
    fn shrink_waiting(&mut self) {
        let bytes_max = self.settings.waiting_bytes_max();
        self.counts.labels_expired_early += self.waiting.shrink_to(bytes_max);
    }

    fn bytes(&self) -> usize {
        let buckets = self.buckets.iter().map(super::bucket::Bucket::bytes);
        buckets.sum::<usize>() + self.waiting.bytes()
    }
}

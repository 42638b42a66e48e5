//! Join with its public methods: events are submitted in any order, minutes are closed in order, a restart rebuilds it.

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

/// Predictions that wait for labels, labels that wait for predictions, and minutes that are not closed yet.
#[derive(Debug)]
pub struct Join {
    pub(super) live: LiveState,
    pub(super) buffer: Buffer,
    pub(super) closed: Option<Boundary>,
    pub(super) floor: Option<Boundary>,
    pub(super) rebuild: Option<Rebuild>,
}

impl Join {
    /// Creates a join without any events.
    #[must_use]
    pub fn new(settings: JoinSettings) -> Self {
        Self::restore(settings, JoinCheckpoint::default(), Vec::new())
    }

    /// Restores a join from `checkpoint`. The caller must then submit everything since [`Join::oldest_needed`] again,
    /// and call [`Join::resume`].
    ///
    /// Until [`Join::resume`], minutes are processed without calling a sink and without changing the counts, and no
    /// minute after `checkpoint.closed` is processed. To avoid holding a long log in memory, the caller may close
    /// minutes in between, but only minutes of which everything was submitted again. Outcomes older than needed may be
    /// submitted; they are ignored. Outcomes submitted after the last minute was closed must be submitted again. New
    /// outcomes must wait until [`Join::resume`].
    #[must_use]
    pub fn restore(
        settings: JoinSettings,
        checkpoint: JoinCheckpoint,
        suppressed: Vec<SuppressedPrediction>,
    ) -> Self {
        let rebuild = checkpoint.closed.map(|until| {
            Rebuild::new(until, checkpoint.counts, checkpoint.held_labels, suppressed)
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

    /// Next boundary, at most `clock`, at which closing has an effect: the end of a minute with events, or an expiry.
    /// `None` if closing up to `clock` would only advance the clock, and during a rebuild.
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

    /// Processes everything before `until` in order and reports it to the sink. Closing in one step or in many gives
    /// the same results.
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

    /// Processes minutes that were closed before. Predictions are not limited, because those dropped then are now below
    /// the floor.
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

    /// Ends a rebuild after everything was submitted again. Does nothing if no rebuild is in progress.
    pub fn resume(&mut self) {
        let Some(until) = self.rebuild.as_ref().map(|rebuild| rebuild.until) else {
            return;
        };
        self.close_again(until);
        self.live.suppressed.clear();
        if let Some(rebuild) = self.rebuild.take() {
            self.live.counts = rebuild.counts;
            let (batch, _, labelled) = unpack(rebuild.held_labels);
            for event in labelled {
                let content = batch.content_of_label(&event);
                let batch = Arc::clone(&batch);
                self.buffer.label(
                    until,
                    BufferedItem {
                        event,
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

    /// Drops events until the rest fits into memory: first waiting labels beyond their share, then the oldest
    /// predictions.
    fn limit(&mut self, until: Boundary) {
        let live = &mut self.live;
        live.shrink_waiting();
        while live.bytes() > live.settings.bytes_max {
            let Some(oldest) = live.buckets.first().map(|bucket| bucket.start) else {
                break;
            };
            live.counts.expired_early += live.forget(1);
            // A rebuild cannot know which waiting labels had met the dropped predictions, so all of them are counted
            // now.
            live.counts.labels_expired_early += live.waiting.settle();
            live.settled = Some(until);
            let end = oldest.plus_minutes(live.settings.bucket_minutes());
            self.floor = self.floor.max(Some(end.min(until)));
        }
    }

    /// Number of live predictions.
    #[must_use]
    pub fn entries(&self) -> u64 {
        let entries = self
            .live
            .buckets
            .iter()
            .map(|bucket| bucket.entries.len() as u64);
        entries.sum()
    }

    /// Number of live predictions for which nothing is known yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.live.buckets.iter().map(|bucket| bucket.pending).sum()
    }

    /// Number of labels that wait for their first prediction.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.live.waiting.uncounted()
    }

    /// Bytes of predictions and waiting labels, limited by `bytes_max`. The result depends only on what is held, not on
    /// the order of events.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.live.bytes()
    }

    /// Bytes of submitted events whose minute is not closed, without texts. This depends on how far the sources are
    /// ahead of the clock, so it must not make anything expire. The reader of the sources may pause instead.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.buffer.bytes()
    }

    /// Boundary before which predictions are forgotten; `None` before anything was closed.
    #[must_use]
    pub fn floor(&self) -> Option<Boundary> {
        self.floor
    }

    /// Boundary before which everything is processed; `None` before anything was closed.
    #[must_use]
    pub fn closed(&self) -> Option<Boundary> {
        self.closed
    }

    /// True after a restore, until [`Join::resume`].
    #[must_use]
    pub fn is_rebuilding(&self) -> bool {
        self.rebuild.is_some()
    }

    /// First minute whose outcomes a rebuild needs, by the event time of a prediction and the arrival time of a label.
    /// It goes back only if an event with an older time is submitted. `None` if nothing was submitted or closed.
    #[must_use]
    pub fn oldest_needed(&self) -> Option<Boundary> {
        let first = self.live.buckets.first().map(|bucket| bucket.start);
        let first = first.max(self.floor.filter(|_| first.is_some()));
        let lives = [first, self.closed].into_iter().flatten().min();
        let waits = lives.map(|lives| lives.plus_minutes(-self.live.settings.lead_minutes));
        [waits, self.buffer.first()].into_iter().flatten().min()
    }

    /// Counts so far.
    #[must_use]
    pub fn counts(&self) -> JoinCounts {
        match &self.rebuild {
            Some(rebuild) => rebuild.counts,
            None => self.live.counts,
        }
    }

    /// State to persist for a rebuild, together with [`Join::take_suppressed`]. Must not be called during a rebuild.
    #[must_use]
    pub fn checkpoint(&self) -> JoinCheckpoint {
        JoinCheckpoint {
            closed: self.closed,
            floor: self.floor,
            settled: self.live.settled,
            held_labels: self.held_labels(),
            counts: self.counts(),
        }
    }

    fn held_labels(&self) -> Outcomes {
        let mut held_labels = OutcomesBuilder::default();
        let Some(closed) = self.closed else {
            return Outcomes::default();
        };
        let labels = self.buffer.get(closed).into_iter();
        for item in labels.flat_map(|minute| &minute.labelled) {
            if item.event.arrival < closed.time() {
                held_labels.label(item.batch.parts_of(&item.event));
            }
        }
        held_labels.take()
    }

    /// Refused predictions since the last call that a rebuild might accept. The caller persists them as a set.
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

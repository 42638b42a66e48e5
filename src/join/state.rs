//! The join as its owner sees it: told in any order, closed minute by minute, rebuilt after a restart.

use std::sync::Arc;

use super::buffer::{Buffer, Told, unpack};
use super::builder::OutcomesBuilder;
use super::counts::Counts;
use super::ledger::{Ledger, Nothing};
use super::outcomes::Outcomes;
use super::rebuild::Rebuild;
use super::settings::Settings;
use super::sieve::Sieve;
use super::standing::{Standing, Suppressed};
use super::waiting::Waiting;
use super::work::Live;
use crate::window::Boundary;

/// Predictions that wait for labels, labels that wait for predictions, and minutes that wait to be closed.
#[derive(Debug)]
pub struct Join {
    pub(super) live: Live,
    pub(super) buffer: Buffer,
    pub(super) closed: Option<Boundary>,
    pub(super) floor: Option<Boundary>,
    pub(super) rebuild: Option<Rebuild>,
}

impl Join {
    /// A join that was told nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::restore(settings, Standing::default(), Vec::new())
    }

    /// A join that stands at `standing` once it has been told again everything since [`Join::oldest_needed`].
    ///
    /// Until [`Join::resume`], minutes are worked without a word to any ledger and without counting, and none beyond
    /// `standing.closed`. So that a long log need not be held in memory, minutes may be closed on the way, but none before
    /// all of it was told again. What is older than needed may be told again too, and is left out; what was told after
    /// the last minute was closed must be; what was never told must not be before [`Join::resume`].
    #[must_use]
    pub fn restore(settings: Settings, standing: Standing, suppressed: Vec<Suppressed>) -> Self {
        let rebuild = standing
            .closed
            .map(|until| Rebuild::new(until, standing.counts, standing.stranded, suppressed));
        Self {
            live: Live {
                settings,
                buckets: Vec::new(),
                sieve: Sieve::default(),
                waiting: Waiting::default(),
                counts: standing.counts,
                settled: standing.settled,
                suppressed: Vec::new(),
            },
            buffer: Buffer::default(),
            closed: None,
            floor: standing.floor,
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
    pub fn close(&mut self, until: Boundary, ledger: &mut impl Ledger) {
        if self.rebuild.is_some() {
            return self.close_again(until);
        }
        while let Some((start, minute)) = self.buffer.pop_before(until) {
            self.expire(start);
            self.live.work(start, &minute, ledger);
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
            self.live.work(start, &minute, &mut Nothing);
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
            let (batch, _, labelled) = unpack(rebuild.stranded);
            for what in labelled {
                let content = batch.content_of_label(&what);
                let batch = Arc::clone(&batch);
                self.buffer.label(
                    until,
                    Told {
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
    pub fn counts(&self) -> Counts {
        match &self.rebuild {
            Some(rebuild) => rebuild.counts,
            None => self.live.counts,
        }
    }

    /// What must be written down, beside [`Join::take_suppressed`], for a rebuild. Not to be asked for during one.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing {
            closed: self.closed,
            floor: self.floor,
            settled: self.live.settled,
            stranded: self.stranded(),
            counts: self.counts(),
        }
    }

    fn stranded(&self) -> Outcomes {
        let mut stranded = OutcomesBuilder::default();
        let Some(closed) = self.closed else {
            return Outcomes::default();
        };
        let labels = self.buffer.get(closed).into_iter();
        for told in labels.flat_map(|minute| &minute.labelled) {
            if told.what.arrival < closed.time() {
                stranded.label(told.batch.parts_of(&told.what));
            }
        }
        stranded.take()
    }

    /// Refusals since the last call that a rebuild could not repeat: to be written down, a set.
    pub fn take_suppressed(&mut self) -> Vec<Suppressed> {
        std::mem::take(&mut self.live.suppressed)
    }
}

impl Live {
    fn shrink_waiting(&mut self) {
        let bytes_max = self.settings.waiting_bytes_max();
        self.counts.labels_expired_early += self.waiting.shrink_to(bytes_max);
    }

    fn bytes(&self) -> usize {
        let buckets = self.buckets.iter().map(super::bucket::Bucket::bytes);
        buckets.sum::<usize>() + self.waiting.bytes()
    }
}

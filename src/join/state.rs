//! The join as its owner sees it: told in any order, closed minute by minute, rebuilt after a restart.

use std::sync::Arc;

use super::batch::Batch;
use super::buffer::{Buffer, Told, unpack};
use super::builder::OutcomesBuilder;
use super::counts::Counts;
use super::ledger::{Ledger, Nothing};
use super::outcomes::{Labelled, Outcomes, Predicted};
use super::rebuild::Rebuild;
use super::settings::Settings;
use super::standing::{Standing, Suppressed};
use super::waiting::Waiting;
use super::work::{Live, suppressed};
use crate::window::Boundary;

/// Predictions that wait for labels, labels that wait for predictions, and minutes that wait to be closed.
#[derive(Debug)]
pub struct Join {
    live: Live,
    buffer: Buffer,
    closed: Option<Boundary>,
    floor: Option<Boundary>,
    rebuild: Option<Rebuild>,
}

impl Join {
    /// A join that was told nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::restore(settings, Standing::default(), Vec::new())
    }

    /// A join that stands at `standing` once it has been told again everything since [`Join::oldest_needed`] and was
    /// closed up to where it stood.
    ///
    /// Minutes before `standing.closed` are worked without a word to the ledger and without counting. Nothing of them
    /// may be closed before all of it was told again; older events may be told again too, and are left out. Nothing new
    /// may be told before the rebuild has ended ([`Join::is_rebuilding`]).
    #[must_use]
    pub fn restore(settings: Settings, standing: Standing, suppressed: Vec<Suppressed>) -> Self {
        let rebuild = standing
            .closed
            .map(|until| Rebuild::new(until, standing.counts, standing.stranded, suppressed));
        Self {
            live: Live {
                settings,
                buckets: Vec::new(),
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

    /// Keeps what a flush says until its minutes are closed. A prediction of a closed minute is dropped and counted, a
    /// label of one is kept for the next minute. An event that points at a group or a word that is not there is wrong
    /// in itself; decoding refuses it.
    pub fn submit(&mut self, outcomes: Outcomes) {
        let (batch, predicted, labelled) = unpack(outcomes);
        for what in predicted {
            self.submit_prediction(what, &batch);
        }
        for what in labelled {
            self.submit_label(what, &batch);
        }
    }

    fn submit_prediction(&mut self, what: Predicted, batch: &Arc<Batch>) {
        let minute = Boundary::at_or_before(what.time);
        let told = Told {
            what,
            batch: Arc::clone(batch),
            content: batch.content_of(&what),
        };
        let is_late = self.closed.is_some_and(|closed| minute < closed);
        if let Some(rebuild) = self
            .rebuild
            .as_mut()
            .filter(|rebuild| minute < rebuild.until)
        {
            let is_forgotten = self.floor.is_some_and(|floor| minute < floor);
            if is_late
                || is_forgotten
                || rebuild.was_refused(suppressed(&self.live.settings, &told))
            {
                return;
            }
        } else if is_late {
            self.live.counts.predictions += 1;
            self.live.counts.late += 1;
            return self.live.suppress(&told);
        }
        self.buffer.predict(minute, told);
    }

    fn submit_label(&mut self, what: Labelled, batch: &Arc<Batch>) {
        let minute = Boundary::at_or_before(what.arrival);
        let content = batch.content_of_label(&what);
        if let Some(rebuild) = self
            .rebuild
            .as_mut()
            .filter(|rebuild| minute < rebuild.until)
        {
            let lead = self.live.settings.lead_minutes;
            let needed = self.floor.map(|floor| floor.plus_minutes(-lead));
            if needed.is_some_and(|needed| minute < needed) || rebuild.is_held_back(content) {
                return;
            }
        }
        let now = self.closed.map_or(minute, |closed| closed.max(minute));
        if now != minute {
            self.live.counts.labels_late += 1;
        }
        let told = Told {
            what,
            batch: Arc::clone(batch),
            content,
        };
        self.buffer.label(now, told);
    }

    /// The next boundary up to which there is something to close: the end of a minute with events, an expiry, the end
    /// of a rebuild; at most `clock`. `None` if closing up to `clock` would change nothing but the clock.
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
        let rebuild = self.rebuild.as_ref().map(|rebuild| rebuild.until);
        let all = [minute, bucket, waiting, rebuild];
        let next = all.into_iter().flatten().min();
        next.filter(|next| *next <= clock)
    }

    /// Works everything before `until`, in order, and tells the ledger. Closing in one step or in many is the same.
    pub fn close(&mut self, until: Boundary, ledger: &mut impl Ledger) {
        while let Some(start) = self.buffer.first().filter(|start| *start < until) {
            self.pass(start);
            let Some(minute) = self.buffer.pop_before(until) else {
                break;
            };
            if self.rebuild.is_some() {
                self.live.work(start, &minute, &mut Nothing);
                self.live
                    .waiting
                    .shrink_to(self.live.settings.waiting_bytes_max());
            } else {
                self.live.work(start, &minute, ledger);
                self.limit(start.plus_minutes(1));
            }
        }
        self.pass(until);
    }

    /// Moves the clock, with what expires by that.
    fn pass(&mut self, to: Boundary) {
        if let Some(rebuild) = self.rebuild.take_if(|rebuild| rebuild.until <= to) {
            self.expire(rebuild.until);
            self.live.counts = rebuild.counts;
            let (batch, _, labelled) = unpack(rebuild.stranded);
            for what in labelled {
                let content = batch.content_of_label(&what);
                let batch = Arc::clone(&batch);
                self.buffer.label(
                    rebuild.until,
                    Told {
                        what,
                        batch,
                        content,
                    },
                );
            }
        }
        self.expire(to);
    }

    fn expire(&mut self, to: Boundary) {
        let live = &mut self.live;
        self.closed = self.closed.max(Some(to));
        let oldest = live.settings.oldest_alive(to);
        self.floor = self.floor.max(Some(oldest));
        let dead = live.buckets.partition_point(|bucket| bucket.start < oldest);
        for bucket in live.buckets.drain(..dead) {
            live.counts.expired += bucket.pending;
        }
        let waits = to.plus_minutes(-live.settings.lead_minutes);
        live.counts.labels_expired += live.waiting.expire_before(waits);
    }

    /// Forgets until the rest fits: waiting labels beyond their share, then the oldest predictions.
    fn limit(&mut self, until: Boundary) {
        let live = &mut self.live;
        live.counts.labels_expired_early +=
            live.waiting.shrink_to(live.settings.waiting_bytes_max());
        while live.bytes() > live.settings.bytes_max && !live.buckets.is_empty() {
            let bucket = live.buckets.remove(0);
            live.counts.expired_early += bucket.pending;
            // What those predictions had to do with labels that wait cannot be found out by a rebuild.
            live.counts.labels_expired_early += live.waiting.settle();
            live.settled = Some(until);
            let end = bucket.start.plus_minutes(live.settings.bucket_minutes());
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

    /// Whether minutes are being worked that were told before.
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

    /// Refusals since the last call that a rebuild could not repeat: to be written down, each as often as it is here.
    pub fn take_suppressed(&mut self) -> Vec<Suppressed> {
        std::mem::take(&mut self.live.suppressed)
    }
}

impl Live {
    fn bytes(&self) -> usize {
        let buckets = self.buckets.iter().map(super::bucket::Bucket::bytes);
        buckets.sum::<usize>() + self.waiting.bytes()
    }
}

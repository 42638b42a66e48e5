//! The work of one label: it is held against the predictions that are there, then waits for those that may come.

use super::buffer::Told;
use super::claim::Claim;
use super::ledger::{Ledger, Pair};
use super::outcomes::Labelled;
use super::settings::LabelArrival;
use super::work::{Live, Place, count};
use crate::event::EventTime;
use crate::window::Boundary;

/// Whether a label met any entry, and whether it was news to any.
#[derive(Debug, Default)]
struct Met {
    any: bool,
    news: bool,
}

impl Live {
    pub(super) fn label(
        &mut self,
        start: Boundary,
        told: &Told<Labelled>,
        ledger: &mut impl Ledger,
    ) {
        self.counts.labels += 1;
        let found = self.find(told.what.id);
        let mut met = Met::default();
        for place in found.iter() {
            self.meet(start, place, told, &mut met, ledger);
        }
        let mut counted = met.any || self.is_settled(told.what.arrival);
        self.count_label(&met, counted);
        let is_over = told.what.arrival.plus_millis(self.settings.lead_millis()) < start.time();
        let mut claims = told
            .batch
            .claims(&told.what)
            .filter(|_| !is_over)
            .peekable();
        if claims.peek().is_none() && !counted {
            self.counts.labels_expired += 1;
        }
        for claim in claims {
            let claim = Claim { counted, ..claim };
            counted = true; // the others do not speak for the label
            let ended = self.waiting.push(told.what.id, claim);
            self.counts.labels_duplicate += ended.moot;
            self.counts.labels_expired_early += ended.expired;
        }
    }

    /// Holds a label against one entry of its id.
    fn meet(
        &mut self,
        start: Boundary,
        place: Place,
        told: &Told<Labelled>,
        met: &mut Met,
        ledger: &mut impl Ledger,
    ) {
        let Some(bucket) = self.buckets.get_mut(place.bucket) else {
            return;
        };
        let Some(entry) = bucket.entries.get(place.entry) else {
            return;
        };
        let (time, arrival) = (bucket.time_of(entry), told.what.arrival);
        if !self.settings.is_pair(time, LabelArrival(arrival)) {
            return;
        }
        let pair = Pair {
            predicted_at: time,
            known_at: time.max(arrival).max(start.time()),
        };
        met.any = true;
        for claim in told.batch.claims(&told.what) {
            let effect = bucket.hear(place.entry, &claim, pair, ledger);
            met.news |= count(effect, bucket, place.entry, &mut self.counts);
        }
    }

    fn count_label(&mut self, met: &Met, counted: bool) {
        if met.news {
            self.counts.labels_joined += 1;
        } else if met.any {
            self.counts.labels_duplicate += 1;
        } else if counted {
            self.counts.labels_expired_early += 1;
        }
    }

    fn is_settled(&self, arrival: EventTime) -> bool {
        self.settled.is_some_and(|settled| arrival < settled.time())
    }
}

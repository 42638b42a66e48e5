//! Processing of one label: it is applied to the live predictions of its id, then waits for predictions that may
//! follow.

use super::assertion::LabelAssertion;
use super::buffer::BufferedItem;
use super::outcomes::Labelled;
use super::settings::LabelArrival;
use super::sink::{JoinSink, JoinTimes};
use super::work::{EntryAddress, LiveState, count};
use crate::event::EventTime;
use crate::window::Boundary;

/// Result of applying a label: `any` if it met an entry, `changed` if it changed one.
#[derive(Debug, Default)]
struct Met {
    any: bool,
    changed: bool,
}

impl LiveState {
    pub(super) fn label(
        &mut self,
        start: Boundary,
        item: &BufferedItem<Labelled>,
        sink: &mut impl JoinSink,
    ) {
        self.counts.labels += 1;
        let found = self.find(item.event.id);
        let mut met = Met::default();
        for place in found.iter() {
            self.meet(start, place, item, &mut met, sink);
        }
        let mut counted = met.any || self.is_settled(item.event.arrival);
        self.count_label(&met, counted);
        let is_over = item.event.arrival.plus_millis(self.settings.lead_millis()) < start.time();
        let mut assertions = item
            .batch
            .assertions(&item.event)
            .filter(|_| !is_over)
            .peekable();
        if assertions.peek().is_none() && !counted {
            self.counts.labels_expired += 1;
        }
        for assertion in assertions {
            let assertion = LabelAssertion {
                counted,
                ..assertion
            };
            counted = true; // the other assertions do not stand for the label
            let ended = self.waiting.push(item.event.id, assertion);
            self.counts.labels_duplicate += ended.moot;
            self.counts.labels_expired_early += ended.expired;
        }
    }

    /// Applies a label to one entry of its id.
    fn meet(
        &mut self,
        start: Boundary,
        place: EntryAddress,
        item: &BufferedItem<Labelled>,
        met: &mut Met,
        sink: &mut impl JoinSink,
    ) {
        let Some(bucket) = self.buckets.get_mut(place.bucket) else {
            return;
        };
        let Some(entry) = bucket.entries.get(place.entry) else {
            return;
        };
        let (time, arrival) = (bucket.time_of(entry), item.event.arrival);
        if !self.settings.is_pair(time, LabelArrival(arrival)) {
            return;
        }
        let times = JoinTimes {
            predicted_at: time,
            known_at: time.max(arrival).max(start.time()),
        };
        met.any = true;
        for assertion in item.batch.assertions(&item.event) {
            let effect = bucket.apply(place.entry, &assertion, times, sink);
            met.changed |= count(effect, bucket, place.entry, &mut self.counts);
        }
    }

    fn count_label(&mut self, met: &Met, counted: bool) {
        if met.changed {
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

//! Processing of one minute. A prediction looks for earlier predictions of its id and for waiting labels; a label looks
//! for predictions.

use super::assertion_effect::AssertionEffect;
use super::bucket::{Bucket, place};
use super::bucket_filter::{BucketFilter, BucketMask};
use super::buffer::{BufferedItem, Minute, MinuteEvent};
use super::checkpoint::SuppressedPrediction;
use super::counts::JoinCounts;
use super::flush_texts::FlushTexts;
use super::outcomes::Predicted;
use super::settings::{ENTRIES_PER_ID_MAX, JoinSettings, LabelArrival};
use super::sink::{JoinSink, JoinTimes};
use super::waiting::Waiting;
use crate::event::EventTime;
use crate::window::Boundary;

/// State that lives longer than a minute, without the events that are not processed yet.
#[derive(Debug)]
pub(super) struct LiveState {
    pub settings: JoinSettings,
    /// Buckets, oldest first.
    pub buckets: Vec<Bucket>,
    pub filter: BucketFilter,
    pub waiting: Waiting,
    pub counts: JoinCounts,
    /// Boundary before which all labels, by arrival, are in the final counts.
    pub settled: Option<Boundary>,
    /// Refused predictions that a rebuild might accept.
    pub suppressed: Vec<SuppressedPrediction>,
}

/// Address of an entry: its bucket and its number in that bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryAddress {
    pub bucket: usize,
    pub entry: u32,
}

/// Live entries of one id.
#[derive(Debug, Default)]
pub(super) struct EntriesOfId {
    places: [Option<EntryAddress>; ENTRIES_PER_ID_MAX],
    len: usize,
}

impl EntriesOfId {
    fn push(&mut self, place: EntryAddress) {
        if let Some(free) = self.places.get_mut(self.len) {
            *free = Some(place);
            self.len += 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = EntryAddress> + '_ {
        self.places.iter().flatten().copied()
    }
}

impl LiveState {
    /// Processes the events of the minute that begins at `start`.
    pub(super) fn work(&mut self, start: Boundary, minute: &Minute, sink: &mut impl JoinSink) {
        for event in minute.in_order() {
            match event {
                MinuteEvent::Predicted(item) => self.predict(item, sink),
                MinuteEvent::Labelled(item) => self.label(start, item, sink),
            }
        }
    }

    fn predict(&mut self, item: &BufferedItem<Predicted>, sink: &mut impl JoinSink) {
        self.counts.predictions += 1;
        let own = self.settings.bucket_of(item.event.time);
        let found = self.find(item.event.id);
        if let Some(original) = self.original(item, &found) {
            self.counts.duplicates += 1;
            if original != own {
                self.suppress(item);
            }
        } else if found.len == ENTRIES_PER_ID_MAX {
            self.counts.crowded += 1;
            self.suppress(item);
        } else if let Some(place) = self.insert(own, item) {
            self.introduce(place, item.event.time, sink);
        }
    }

    pub(super) fn find(&self, id: u64) -> EntriesOfId {
        let mut found = EntriesOfId::default();
        let mask = self.filter.of(place(id));
        for (bucket, held) in self.buckets.iter().enumerate() {
            if held.mask.meets(mask) {
                held.of_id(id)
                    .for_each(|entry| found.push(EntryAddress { bucket, entry }));
            }
        }
        found
    }

    /// Drops the oldest buckets. Returns the number of their predictions for which nothing was known.
    pub(super) fn forget(&mut self, buckets: usize) -> u64 {
        let mut pending = 0;
        for _ in 0..buckets {
            let dead = self.buckets.remove(0);
            pending += dead.pending;
            let is_shared = self.buckets.iter().any(|live| live.mask == dead.mask);
            let mask = if is_shared { BucketMask(0) } else { dead.mask };
            self.filter.clear(mask, dead.entries.len());
        }
        pending
    }

    /// Start of the bucket with the original prediction: the same id, answered by the same model, version and variant.
    fn original(&self, item: &BufferedItem<Predicted>, found: &EntriesOfId) -> Option<Boundary> {
        let (group, _) = item.batch.group(item.event.group)?;
        found.iter().find_map(|place| {
            let bucket = self.buckets.get(place.bucket)?;
            let entry = bucket.entries.get(place.entry)?;
            let other = bucket.groups.get(entry.group)?;
            group.is_same_answerer(other).then_some(bucket.start)
        })
    }

    /// Counts and drops a prediction of a closed minute. During a rebuild it may be submitted in time, and it must not
    /// replace the prediction that was accepted then. So it is recorded as suppressed. This is not needed if the
    /// accepted prediction also comes first in a rebuild, because the refused one is then a duplicate.
    pub(super) fn refuse_late(&mut self, item: &BufferedItem<Predicted>) {
        self.counts.predictions += 1;
        self.counts.late += 1;
        let own = self.settings.bucket_of(item.event.time);
        let found = self.find(item.event.id);
        let comes_first = |place: EntryAddress| {
            let bucket = self.buckets.get(place.bucket).filter(|b| b.start == own)?;
            let entry = bucket.entries.get(place.entry)?;
            let (group, _) = item.batch.group(item.event.group)?;
            let is_same = group.is_same_answerer(bucket.groups.get(entry.group)?);
            let order = (bucket.time_of(entry), bucket.content_of(entry));
            Some(is_same && order <= (item.event.time, item.content))
        };
        let is_duplicate = found.iter().any(|place| comes_first(place) == Some(true));
        if !is_duplicate {
            self.suppress(item);
        }
    }

    /// Records that a prediction was refused.
    fn suppress(&mut self, item: &BufferedItem<Predicted>) {
        let refused = suppressed(&self.settings, item);
        self.suppressed.push(refused);
    }

    fn insert(&mut self, start: Boundary, item: &BufferedItem<Predicted>) -> Option<EntryAddress> {
        let bucket = self.buckets.partition_point(|bucket| bucket.start < start);
        if self
            .buckets
            .get(bucket)
            .is_none_or(|bucket| bucket.start != start)
        {
            let number = start.0.div_euclid(self.settings.bucket_minutes());
            self.buckets
                .insert(bucket, Bucket::new(start, BucketMask::of(number)));
        }
        let batch: &FlushTexts = &item.batch;
        if self.filter.is_full() {
            self.filter = self.larger_filter();
        }
        let held = self.buckets.get_mut(bucket)?;
        let entry = held.insert(&item.event, batch)?;
        self.filter.insert(place(item.event.id), held.mask);
        Some(EntryAddress { bucket, entry })
    }

    fn larger_filter(&self) -> BucketFilter {
        let mut filter = self.filter.larger();
        for bucket in &self.buckets {
            for entry in bucket.entries.iter() {
                filter.insert(place(entry.id), bucket.mask);
            }
        }
        filter
    }

    /// Reports a new entry to the sink and applies the labels that wait for it.
    fn introduce(&mut self, place: EntryAddress, time: EventTime, sink: &mut impl JoinSink) {
        let Some(bucket) = self.buckets.get_mut(place.bucket) else {
            return;
        };
        let Some(entry) = bucket.entries.get(place.entry).copied() else {
            return;
        };
        let times = JoinTimes {
            predicted_at: time,
            known_at: time,
        };
        if let Some(group) = bucket.groups.get(entry.group) {
            sink.predicted(group, times, bucket.answer_of(&entry));
        }
        let mut met = 0;
        for assertion in self.waiting.assertions(entry.id) {
            if !self.settings.is_pair(time, LabelArrival(assertion.arrival)) {
                continue;
            }
            let times = JoinTimes {
                known_at: time.max(assertion.arrival),
                ..times
            };
            let effect = bucket.apply(place.entry, assertion, times, sink);
            if count(effect, bucket, place.entry, &mut self.counts) && !assertion.counted {
                assertion.counted = true;
                met += 1;
            }
        }
        self.counts.labels_joined += met;
        (0..met).for_each(|_| self.waiting.one_was_counted());
    }
}

/// Counts the effect of an assertion on an entry. Returns true if the entry changed.
pub(super) fn count(
    effect: AssertionEffect,
    bucket: &mut Bucket,
    entry: u32,
    counts: &mut JoinCounts,
) -> bool {
    if effect == AssertionEffect::Nothing {
        return false;
    }
    counts.corrections += u64::from(effect == AssertionEffect::Corrected);
    let entry = bucket.entries.get_mut(entry);
    if entry.is_some_and(super::entry::Entry::join) {
        bucket.pending -= 1;
        counts.joined += 1;
    }
    true
}

/// Record of a refused prediction.
pub(super) fn suppressed(
    settings: &JoinSettings,
    item: &BufferedItem<Predicted>,
) -> SuppressedPrediction {
    SuppressedPrediction {
        bucket: settings.bucket_of(item.event.time),
        id: item.event.id,
        time: item.event.time,
        content: item.content,
    }
}

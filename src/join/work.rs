//! The work of one minute: predictions look for those before them and for labels that wait, labels for predictions.

use super::batch::Batch;
use super::bucket::{Bucket, place};
use super::buffer::{Event, Minute, Told};
use super::counts::Counts;
use super::ledger::{Ledger, Pair};
use super::outcomes::Predicted;
use super::settings::{ENTRIES_PER_ID_MAX, LabelArrival, Settings};
use super::sieve::{Mesh, Sieve};
use super::standing::Suppressed;
use super::verdict::Effect;
use super::waiting::Waiting;
use crate::event::EventTime;
use crate::window::Boundary;

/// What lives between minutes, apart from what has not been worked.
#[derive(Debug)]
pub(super) struct Live {
    pub settings: Settings,
    /// Oldest first.
    pub buckets: Vec<Bucket>,
    pub sieve: Sieve,
    pub waiting: Waiting,
    pub counts: Counts,
    /// Labels of arrivals before it are in the counts for good.
    pub settled: Option<Boundary>,
    /// Refusals that a rebuild could not repeat.
    pub suppressed: Vec<Suppressed>,
}

/// Where an entry lies: which bucket, and which of its entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub bucket: usize,
    pub entry: u32,
}

/// The live entries of one id.
#[derive(Debug, Default)]
pub(super) struct Found {
    places: [Option<Place>; ENTRIES_PER_ID_MAX],
    len: usize,
}

impl Found {
    fn push(&mut self, place: Place) {
        if let Some(free) = self.places.get_mut(self.len) {
            *free = Some(place);
            self.len += 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Place> + '_ {
        self.places.iter().flatten().copied()
    }
}

impl Live {
    /// Works the events of the minute that begins at `start`.
    pub(super) fn work(&mut self, start: Boundary, minute: &Minute, ledger: &mut impl Ledger) {
        for event in minute.in_order() {
            match event {
                Event::Predicted(told) => self.predict(told, ledger),
                Event::Labelled(told) => self.label(start, told, ledger),
            }
        }
    }

    fn predict(&mut self, told: &Told<Predicted>, ledger: &mut impl Ledger) {
        self.counts.predictions += 1;
        let own = self.settings.bucket_of(told.what.time);
        let found = self.find(told.what.id);
        if let Some(original) = self.original(told, &found) {
            self.counts.duplicates += 1;
            if original != own {
                self.suppress(told);
            }
        } else if found.len == ENTRIES_PER_ID_MAX {
            self.counts.crowded += 1;
            self.suppress(told);
        } else if let Some(place) = self.insert(own, told) {
            self.introduce(place, told.what.time, ledger);
        }
    }

    pub(super) fn find(&self, id: u64) -> Found {
        let mut found = Found::default();
        let mesh = self.sieve.of(place(id));
        for (bucket, held) in self.buckets.iter().enumerate() {
            if held.mesh.meets(mesh) {
                held.of_id(id)
                    .for_each(|entry| found.push(Place { bucket, entry }));
            }
        }
        found
    }

    /// Forgets the oldest buckets; says of how many predictions nothing was known.
    pub(super) fn forget(&mut self, buckets: usize) -> u64 {
        let mut pending = 0;
        for _ in 0..buckets {
            let dead = self.buckets.remove(0);
            pending += dead.pending;
            let is_shared = self.buckets.iter().any(|live| live.mesh == dead.mesh);
            let mesh = if is_shared { Mesh(0) } else { dead.mesh };
            self.sieve.clear(mesh, dead.entries.len());
        }
        pending
    }

    /// Where the bucket begins that holds an answer of the same answerer to the same question.
    fn original(&self, told: &Told<Predicted>, found: &Found) -> Option<Boundary> {
        let (group, _) = told.batch.group(told.what.group)?;
        found.iter().find_map(|place| {
            let bucket = self.buckets.get(place.bucket)?;
            let entry = bucket.entries.get(place.entry)?;
            let other = bucket.groups.get(entry.group)?;
            group.is_same_answerer(other).then_some(bucket.start)
        })
    }

    /// Counts a prediction of a closed minute. A rebuild may be told of it in time, and must not take it in instead of
    /// what was taken in; where what was taken in comes first then too, it is a duplicate and needs no remembering.
    pub(super) fn refuse_late(&mut self, told: &Told<Predicted>) {
        self.counts.predictions += 1;
        self.counts.late += 1;
        let own = self.settings.bucket_of(told.what.time);
        let found = self.find(told.what.id);
        let comes_first = |place: Place| {
            let bucket = self.buckets.get(place.bucket).filter(|b| b.start == own)?;
            let entry = bucket.entries.get(place.entry)?;
            let (group, _) = told.batch.group(told.what.group)?;
            let is_same = group.is_same_answerer(bucket.groups.get(entry.group)?);
            let order = (bucket.time_of(entry), bucket.content_of(entry));
            Some(is_same && order <= (told.what.time, told.content))
        };
        let is_duplicate = found.iter().any(|place| comes_first(place) == Some(true));
        if !is_duplicate {
            self.suppress(told);
        }
    }

    /// Remembers that a prediction was refused.
    fn suppress(&mut self, told: &Told<Predicted>) {
        let refused = suppressed(&self.settings, told);
        self.suppressed.push(refused);
    }

    fn insert(&mut self, start: Boundary, told: &Told<Predicted>) -> Option<Place> {
        let bucket = self.buckets.partition_point(|bucket| bucket.start < start);
        if self
            .buckets
            .get(bucket)
            .is_none_or(|bucket| bucket.start != start)
        {
            let number = start.0.div_euclid(self.settings.bucket_minutes());
            self.buckets
                .insert(bucket, Bucket::new(start, Mesh::of(number)));
        }
        let batch: &Batch = &told.batch;
        if self.sieve.is_full() {
            self.sieve = self.larger_sieve();
        }
        let held = self.buckets.get_mut(bucket)?;
        let entry = held.insert(&told.what, batch)?;
        self.sieve.insert(place(told.what.id), held.mesh);
        Some(Place { bucket, entry })
    }

    fn larger_sieve(&self) -> Sieve {
        let mut sieve = self.sieve.larger();
        for bucket in &self.buckets {
            for entry in bucket.entries.iter() {
                sieve.insert(place(entry.id), bucket.mesh);
            }
        }
        sieve
    }

    /// Tells the ledger of a new entry, and the entry of the labels that wait for it.
    fn introduce(&mut self, place: Place, time: EventTime, ledger: &mut impl Ledger) {
        let Some(bucket) = self.buckets.get_mut(place.bucket) else {
            return;
        };
        let Some(entry) = bucket.entries.get(place.entry).copied() else {
            return;
        };
        let pair = Pair {
            predicted_at: time,
            known_at: time,
        };
        if let Some(group) = bucket.groups.get(entry.group) {
            ledger.predicted(group, pair, bucket.answer_of(&entry));
        }
        let mut met = 0;
        for claim in self.waiting.claims(entry.id) {
            if !self.settings.is_pair(time, LabelArrival(claim.arrival)) {
                continue;
            }
            let pair = Pair {
                known_at: time.max(claim.arrival),
                ..pair
            };
            let effect = bucket.hear(place.entry, claim, pair, ledger);
            if count(effect, bucket, place.entry, &mut self.counts) && !claim.counted {
                claim.counted = true;
                met += 1;
            }
        }
        self.counts.labels_joined += met;
        (0..met).for_each(|_| self.waiting.one_was_counted());
    }
}

/// Counts what a claim did to an entry; whether it was news.
pub(super) fn count(effect: Effect, bucket: &mut Bucket, entry: u32, counts: &mut Counts) -> bool {
    if effect == Effect::Nothing {
        return false;
    }
    counts.corrections += u64::from(effect == Effect::Corrected);
    let entry = bucket.entries.get_mut(entry);
    if entry.is_some_and(super::entry::Entry::join) {
        bucket.pending -= 1;
        counts.joined += 1;
    }
    true
}

/// A prediction as a refusal of it is written down.
pub(super) fn suppressed(settings: &Settings, told: &Told<Predicted>) -> Suppressed {
    Suppressed {
        bucket: settings.bucket_of(told.what.time),
        id: told.what.id,
        time: told.what.time,
        content: told.content,
    }
}

//! The predictions of a few hours, which expire together: dropping the bucket is the expiry.

use hashbrown::HashTable;

use super::assertion::LabelSource;
use super::bucket_filter::{BucketMask, FILTER_BYTES};
use super::entry::{Entry, PackedValue};
use super::entry_chunks::EntryChunks;
use super::flush_texts::FlushTexts;
use super::hash::content_hash;
use super::intern::Interned;
use super::outcomes::{Group, Predicted};
use crate::event::EventTime;
use crate::sketch::{Answered, KnownTruth};
use crate::window::Boundary;

/// Live predictions of one span of event time, and the texts they point at.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Where the span begins.
    pub start: Boundary,
    /// Its bit in the sieve.
    pub mesh: BucketMask,
    pub(super) entries: EntryChunks,
    index: HashTable<u32>,
    pub(super) groups: Interned<Group>,
    pub(super) words: Interned<str>,
    both: Vec<(u32, f64)>,
    pub(super) evaluations: HashTable<Evaluation>,
    /// Entries of which nothing is known.
    pub pending: u64,
}

/// The winning evaluation of one name on one entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evaluation {
    pub entry: u32,
    pub name: u32,
    pub made: EventTime,
    pub source: LabelSource,
    pub cell: u8,
}

/// Where the index finds an id. Ids of one partition may have bits in common, which the index must not rely on.
pub(super) fn place(id: u64) -> u64 {
    let mixed = id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 32)
}

impl Bucket {
    pub(super) fn new(start: Boundary, mesh: BucketMask) -> Self {
        Self {
            start,
            mesh,
            entries: EntryChunks::default(),
            index: HashTable::new(),
            groups: Interned::default(),
            words: Interned::default(),
            both: Vec::new(),
            evaluations: HashTable::new(),
            pending: 0,
        }
    }

    /// The entries of an id.
    pub(super) fn of_id(&self, id: u64) -> impl Iterator<Item = u32> + '_ {
        let all = self.index.iter_hash(place(id)).copied();
        all.filter(move |at| self.entries.get(*at).is_some_and(|entry| entry.id == id))
    }

    /// Takes a prediction in; `None` if it points at nothing.
    pub(super) fn insert(&mut self, predicted: &Predicted, batch: &FlushTexts) -> Option<u32> {
        let (group, hash) = batch.group(predicted.group)?;
        let group = self.groups.intern(group, *hash);
        let class = predicted.class.and_then(|class| batch.word(class));
        let class = class.map(|(class, hash)| self.words.intern(class, *hash));
        let answer = self.answer(class, predicted.value);
        let offset = predicted.time.0.saturating_sub(self.start.time().0);
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let entry = Entry::new(predicted.id, offset, group, answer, predicted.cell);
        let at = self.entries.push(entry);
        let entries = &self.entries;
        let rehash = |at: &u32| entries.get(*at).map_or(0, |entry| place(entry.id));
        self.index.insert_unique(place(predicted.id), at, rehash);
        self.pending += 1;
        Some(at)
    }

    fn answer(&mut self, class: Option<u32>, value: Option<f64>) -> PackedValue {
        match (class, value) {
            (None, None) => PackedValue::None,
            (Some(class), None) => PackedValue::Class(class),
            (None, Some(value)) => PackedValue::Value(value),
            (Some(class), Some(value)) => {
                self.both.push((class, value));
                PackedValue::Both((self.both.len() - 1) as u32)
            }
        }
    }

    /// When an entry was predicted.
    pub(super) fn time_of(&self, entry: &Entry) -> EventTime {
        self.start.time().plus_millis(i64::from(entry.offset))
    }

    /// What an entry answered.
    pub(super) fn answer_of(&self, entry: &Entry) -> Answered<'_> {
        let (class, value) = self.words_of(entry);
        Answered {
            class: class.and_then(|class| self.words.get(class)),
            cell: entry.cell,
            value,
        }
    }

    /// The same hash as of the prediction that the entry was made of.
    pub(super) fn content_of(&self, entry: &Entry) -> u64 {
        let (class, value) = self.words_of(entry);
        let class = class.map(|class| self.words.hash(class));
        content_hash(self.groups.hash(entry.group), class, (entry.cell, value))
    }

    fn words_of(&self, entry: &Entry) -> (Option<u32>, Option<f64>) {
        match entry.answer() {
            PackedValue::None => (None, None),
            PackedValue::Class(class) => (Some(class), None),
            PackedValue::Value(value) => (None, Some(value)),
            PackedValue::Both(place) => match self.both.get(place as usize) {
                Some((class, value)) => (Some(*class), Some(*value)),
                None => (None, None),
            },
        }
    }

    /// A truth with its text.
    pub(super) fn known(&self, truth: PackedValue) -> Option<KnownTruth<'_>> {
        match truth {
            PackedValue::Class(class) => self.words.get(class).map(KnownTruth::Class),
            PackedValue::Value(value) => Some(KnownTruth::Value(value)),
            PackedValue::None | PackedValue::Both(_) => None,
        }
    }

    /// Bytes: a function of what is held, not of the order in which it came.
    pub(super) fn bytes(&self) -> usize {
        let texts = self.groups.bytes() + self.words.bytes();
        let sides = self.both.len() * size_of::<(u32, f64)>()
            + table_bytes(self.evaluations.len(), size_of::<Evaluation>());
        let index = table_bytes(self.entries.len(), size_of::<u32>());
        self.entries.bytes() + self.entries.len() * FILTER_BYTES + index + texts + sides
    }
}

/// Bytes of a table that grew to `len`: a power of two of places, at most seven eighths of them full, a byte each more.
fn table_bytes(len: usize, item: usize) -> usize {
    match len {
        0 => 0,
        _ => (len * 8).div_ceil(7).next_power_of_two() * (item + 1),
    }
}

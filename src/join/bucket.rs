//! Bucket: the predictions of a few hours. They expire together, when the bucket is dropped.

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

/// Live predictions of one span of event time, and the texts they refer to.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Start of the span.
    pub start: Boundary,
    /// Bit of the bucket in the filter.
    pub mask: BucketMask,
    pub(super) entries: EntryChunks,
    index: HashTable<u32>,
    pub(super) groups: Interned<Group>,
    pub(super) words: Interned<str>,
    both: Vec<(u32, f64)>,
    pub(super) evaluations: HashTable<Evaluation>,
    /// Number of entries for which nothing is known yet.
    pub pending: u64,
}

/// Winning evaluation of one name for one entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evaluation {
    pub entry: u32,
    pub name: u32,
    pub made: EventTime,
    pub source: LabelSource,
    pub cell: u8,
}

/// Hash of an id for the index. The ids of one partition may have bits in common, so the id itself cannot serve as the
/// hash.
pub(super) fn place(id: u64) -> u64 {
    let mixed = id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 32)
}

impl Bucket {
    pub(super) fn new(start: Boundary, mask: BucketMask) -> Self {
        Self {
            start,
            mask,
            entries: EntryChunks::default(),
            index: HashTable::new(),
            groups: Interned::default(),
            words: Interned::default(),
            both: Vec::new(),
            evaluations: HashTable::new(),
            pending: 0,
        }
    }

    /// Numbers of the entries with this id.
    pub(super) fn of_id(&self, id: u64) -> impl Iterator<Item = u32> + '_ {
        let all = self.index.iter_hash(place(id)).copied();
        all.filter(move |at| self.entries.get(*at).is_some_and(|entry| entry.id == id))
    }

    /// Adds a prediction and returns its number; `None` if its group does not exist.
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

    /// Event time of an entry's prediction.
    pub(super) fn time_of(&self, entry: &Entry) -> EventTime {
        self.start.time().plus_millis(i64::from(entry.offset))
    }

    /// Answer of an entry's prediction.
    pub(super) fn answer_of(&self, entry: &Entry) -> Answered<'_> {
        let (class, value) = self.words_of(entry);
        Answered {
            class: class.and_then(|class| self.words.get(class)),
            cell: entry.cell,
            value,
        }
    }

    /// Content hash of the entry, equal to that of the prediction it was made from.
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

    /// Resolves a packed truth to its text or value.
    pub(super) fn known(&self, truth: PackedValue) -> Option<KnownTruth<'_>> {
        match truth {
            PackedValue::Class(class) => self.words.get(class).map(KnownTruth::Class),
            PackedValue::Value(value) => Some(KnownTruth::Value(value)),
            PackedValue::None | PackedValue::Both(_) => None,
        }
    }

    /// Bytes held. The result depends only on what is held, not on the order of insertion.
    pub(super) fn bytes(&self) -> usize {
        let texts = self.groups.bytes() + self.words.bytes();
        let sides = self.both.len() * size_of::<(u32, f64)>()
            + table_bytes(self.evaluations.len(), size_of::<Evaluation>());
        let index = table_bytes(self.entries.len(), size_of::<u32>());
        self.entries.bytes() + self.entries.len() * FILTER_BYTES + index + texts + sides
    }
}

/// Bytes of a hash table with `len` items: its places are a power of two and at most seven eighths full, with one extra
/// byte each.
fn table_bytes(len: usize, item: usize) -> usize {
    match len {
        0 => 0,
        _ => (len * 8).div_ceil(7).next_power_of_two() * (item + 1),
    }
}

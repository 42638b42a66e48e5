//! Texts and groups shared by many predictions: stored once per bucket and found by their hashes.

use std::sync::Arc;

use hashbrown::HashTable;

use super::outcomes::Group;

/// Value that knows its heap size.
pub(super) trait HeapSize {
    fn heap_bytes(&self) -> usize;
}

impl HeapSize for str {
    fn heap_bytes(&self) -> usize {
        self.len()
    }
}

impl HeapSize for Group {
    fn heap_bytes(&self) -> usize {
        let segments = self.segments.iter();
        let texts = segments.map(|s| s.key.len() + s.value.len() + size_of_val(s));
        size_of_val(self) + self.model.len() + self.version.len() + texts.sum::<usize>()
    }
}

/// Fixed bytes per value: two reference counts, the pointer, the hash, the index entry.
const INTERNED_BYTES: usize = 16 + 24 + 12;

/// Values by number. Values are never removed; all are dropped together with the bucket.
#[derive(Debug)]
pub(super) struct Interned<T: ?Sized> {
    values: Vec<(Arc<T>, u64)>,
    index: HashTable<u32>,
    bytes: usize,
}

impl<T: ?Sized> Default for Interned<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            index: HashTable::new(),
            bytes: 0,
        }
    }
}

impl<T: ?Sized + PartialEq + HeapSize> Interned<T> {
    /// Returns the number of `value`, adding it if it is new. `hash` must be the hash of `value`.
    pub(super) fn intern(&mut self, value: &Arc<T>, hash: u64) -> u32 {
        let values = &mut self.values;
        let is_it = |at: &u32| {
            let known = values.get(*at as usize);
            known.is_some_and(|(known, _)| Arc::ptr_eq(known, value) || **known == **value)
        };
        if let Some(at) = self.index.find(hash, is_it) {
            return *at;
        }
        let at = values.len() as u32;
        values.push((Arc::clone(value), hash));
        let rehash = |at: &u32| values.get(*at as usize).map_or(0, |(_, hash)| *hash);
        self.index.insert_unique(hash, at, rehash);
        self.bytes += INTERNED_BYTES + value.heap_bytes();
        at
    }

    pub(super) fn get(&self, at: u32) -> Option<&T> {
        self.values.get(at as usize).map(|(value, _)| &**value)
    }

    pub(super) fn hash(&self, at: u32) -> u64 {
        self.values.get(at as usize).map_or(0, |(_, hash)| *hash)
    }

    /// Bytes of all values, as if none were shared with other buckets.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

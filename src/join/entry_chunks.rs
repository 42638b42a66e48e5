//! Entries in chunks. The number of an entry never changes, and growing never copies all entries.

use super::entry::Entry;

/// Number of entries in a chunk: 48 KB.
const CHUNK: usize = 1_024;

/// Entries by number.
#[derive(Debug, Default)]
pub(super) struct EntryChunks {
    chunks: Vec<Vec<Entry>>,
    len: usize,
}

impl EntryChunks {
    /// Adds an entry and returns its number.
    pub(super) fn push(&mut self, entry: Entry) -> u32 {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(entry);
        }
        self.len += 1;
        (self.len - 1) as u32
    }

    pub(super) fn get(&self, at: u32) -> Option<&Entry> {
        let at = at as usize;
        self.chunks.get(at / CHUNK)?.get(at % CHUNK)
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut Entry> {
        let at = at as usize;
        self.chunks.get_mut(at / CHUNK)?.get_mut(at % CHUNK)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.chunks.iter().flatten()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes of all chunks, including free places.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK * size_of::<Entry>()
    }
}

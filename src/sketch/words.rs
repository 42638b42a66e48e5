//! Categories: an adaptive histogram of hashes, with the names of the cells as long as every category has its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Monoid;
use super::histogram::{Histogram, HistogramBuffer};
use super::key::{WordTag, word_key};

/// Cells of a histogram of categories; above it, cells are groups of hashes and have no names.
pub const WORD_CELLS: usize = 4_096;
/// Bytes of a name that are kept; the hash is of the whole.
const NAME_BYTES_MAX: usize = 64;

/// The distribution of strings and truth values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Words {
    /// Counts by hash.
    pub histogram: Histogram<WORD_CELLS>,
    /// Names by hash; empty above level 0. Of two names with one hash the smaller is kept.
    pub names: BTreeMap<u32, String>,
}

impl Words {
    /// Whether each category has a cell of its own (but for collisions of 32-bit hashes).
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.histogram.level() == 0
    }

    fn drop_names_of_groups(&mut self) {
        if !self.is_exact() {
            self.names.clear();
        }
    }
}

impl Monoid for Words {
    fn merge(&mut self, other: &Self) {
        self.histogram.merge(&other.histogram);
        for (key, name) in &other.names {
            keep_smaller(&mut self.names, *key, name);
        }
        self.drop_names_of_groups();
    }
}

fn keep_smaller(names: &mut BTreeMap<u32, String>, key: u32, name: &str) {
    match names.get_mut(&key) {
        Some(kept) if name < kept.as_str() => name.clone_into(kept),
        Some(_) => {}
        None => {
            names.insert(key, name.to_owned());
        }
    }
}

/// The longest prefix of at most [`NAME_BYTES_MAX`] bytes that ends between characters.
fn shortened(name: &str) -> &str {
    name.get(..name.floor_char_boundary(NAME_BYTES_MAX))
        .unwrap_or(name)
}

/// The open form of [`Words`].
#[derive(Debug, Clone, Default)]
pub(super) struct WordsBuffer {
    histogram: HistogramBuffer<WORD_CELLS>,
    names: BTreeMap<u32, String>,
    crowded: bool,
}

impl WordsBuffer {
    pub(super) fn push(&mut self, tag: WordTag, word: &str) {
        let key = word_key(tag, word);
        self.histogram.push(key);
        if !self.crowded {
            keep_smaller(&mut self.names, key, shortened(word));
            // Above the limit the level rises and the names go anyway: stop collecting.
            self.crowded = self.names.len() > WORD_CELLS;
        }
    }

    pub(super) fn freeze(&mut self) -> Words {
        self.crowded = false;
        let mut words = Words {
            histogram: self.histogram.freeze(),
            names: std::mem::take(&mut self.names),
        };
        words.drop_names_of_groups();
        words
    }
}

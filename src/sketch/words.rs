//! Categories: an adaptive histogram of hashes, with the names of the cells as long as every category has its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Monoid;
use super::buffer::HistogramBuffer;
use super::histogram::{Cell, Histogram};
use super::key::{WordTag, word_key};

/// Cells of a histogram of categories; above it, cells are groups of hashes and have no names.
pub const WORD_CELLS: usize = 4_096;
/// Bytes of a name that are kept; the hash is of the whole.
const NAME_BYTES_MAX: usize = 64;

/// The distribution of strings and truth values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Wire")]
pub struct Words {
    /// Counts by hash.
    pub histogram: Histogram<WORD_CELLS>,
    /// Names by hash; empty above level 0. Of two names with one hash the smaller is kept.
    pub names: BTreeMap<u32, String>,
}

impl Words {
    /// `count` times the same word.
    pub(super) fn of(tag: WordTag, word: &str, count: u64) -> Self {
        if count == 0 {
            return Self::default();
        }
        let index = word_key(tag, word);
        let mut histogram = Histogram::default();
        histogram.add_sorted(&[Cell { index, count }]);
        Self {
            histogram,
            names: BTreeMap::from([(index, shortened(word).to_owned())]),
        }
    }

    /// Whether each category has a cell of its own (but for collisions of 32-bit hashes).
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.histogram.level() == 0
    }

    fn merge_names(&mut self, other: &BTreeMap<u32, String>) {
        if !self.is_exact() {
            return self.names.clear();
        }
        for (key, name) in other {
            match self.names.get_mut(key) {
                Some(kept) => keep_smaller(kept, name),
                None => {
                    self.names.insert(*key, name.clone());
                }
            }
        }
    }
}

impl Monoid for Words {
    fn merge(&mut self, other: &Self) {
        self.histogram.merge(&other.histogram);
        self.merge_names(&other.names);
    }
}

fn keep_smaller(kept: &mut String, name: &str) {
    if name < kept.as_str() {
        name.clone_into(kept);
    }
}

/// The longest prefix of at most [`NAME_BYTES_MAX`] bytes that ends between characters.
fn shortened(name: &str) -> &str {
    let end = name.len().min(NAME_BYTES_MAX);
    (0..=end)
        .rev()
        .find_map(|end| name.get(..end))
        .unwrap_or_default()
}

/// The serialised form, believed only where each cell has its name, or none has.
#[derive(Deserialize)]
struct Wire {
    histogram: Histogram<WORD_CELLS>,
    names: BTreeMap<u32, String>,
}

impl TryFrom<Wire> for Words {
    type Error = &'static str;

    fn try_from(Wire { histogram, names }: Wire) -> Result<Self, Self::Error> {
        let named = names.keys().copied();
        let consistent = match histogram.level() {
            0 => named.eq(histogram.cells().iter().map(|cell| cell.index)),
            _ => names.is_empty(),
        };
        if !consistent || names.values().any(|name| name.len() > NAME_BYTES_MAX) {
            return Err("categories whose names are not those of their cells");
        }
        Ok(Self { histogram, names })
    }
}

/// The open form of [`Words`]: the first [`WORD_CELLS`] categories are counted by name, the crowd beyond by hash only.
///
/// A crowd means more categories than cells: the level will rise and no name will be left, so none needs to be kept.
#[derive(Debug, Clone, Default)]
pub(super) struct WordsBuffer {
    tallies: BTreeMap<u32, Tally>,
    crowd: HistogramBuffer<WORD_CELLS>,
}

#[derive(Debug, Clone)]
struct Tally {
    name: String,
    count: u64,
}

impl WordsBuffer {
    pub(super) fn push(&mut self, tag: WordTag, word: &str) {
        let key = word_key(tag, word);
        if let Some(tally) = self.tallies.get_mut(&key) {
            tally.count += 1;
            keep_smaller(&mut tally.name, shortened(word));
        } else if self.tallies.len() < WORD_CELLS {
            let name = shortened(word).to_owned();
            self.tallies.insert(key, Tally { name, count: 1 });
        } else {
            self.crowd.push(key);
        }
    }

    pub(super) fn freeze(&mut self) -> Words {
        let tallies = std::mem::take(&mut self.tallies);
        let cells = tallies.iter().map(|(key, tally)| Cell {
            index: *key,
            count: tally.count,
        });
        let cells: Vec<Cell> = cells.collect();
        let mut words = Words::default();
        words.histogram.add_sorted(&cells);
        words.names = tallies.into_iter().map(|(k, t)| (k, t.name)).collect();
        words.merge(&Words {
            histogram: self.crowd.freeze(),
            names: BTreeMap::new(),
        });
        words
    }
}

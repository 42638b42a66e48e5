//! Categories: an adaptive histogram of hashes. Names are kept while every category has its own cell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Monoid;
use super::buffer::HistogramBuffer;
use super::histogram::{Cell, Histogram};
use super::key::{WordTag, word_key};

/// Maximum number of cells in a histogram of categories. With more categories, a cell is a group of hashes without a
/// name.
pub const WORD_CELLS: usize = 4_096;
/// Maximum number of bytes kept of a name. The hash covers the whole name.
const NAME_BYTES_MAX: usize = 64;

/// Distribution of strings and booleans.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Wire")]
pub struct Words {
    /// Counts by hash.
    pub histogram: Histogram<WORD_CELLS>,
    /// Names by hash; empty above level 0. Of two names with one hash, the smaller is kept.
    pub names: BTreeMap<u32, String>,
}

impl Words {
    /// Counts one word `count` times.
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

    /// True if each category has its own cell, apart from collisions of 32-bit hashes.
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

/// Longest prefix of at most [`NAME_BYTES_MAX`] bytes that ends at a character boundary.
fn shortened(name: &str) -> &str {
    let end = name.len().min(NAME_BYTES_MAX);
    (0..=end)
        .rev()
        .find_map(|end| name.get(..end))
        .unwrap_or_default()
}

/// Serialized form. It is accepted only if every cell has a name, or none has.
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
            return Err("the names of the categories do not match the cells");
        }
        Ok(Self { histogram, names })
    }
}

/// Open form of [`Words`]. The first [`WORD_CELLS`] categories are counted by name, further ones by hash only.
///
/// If there are further ones, there are more categories than cells. The level then rises and no name is kept, so names
/// of further categories need not be stored.
#[derive(Debug, Clone, Default)]
pub(super) struct WordsBuffer {
    counts_by_key: BTreeMap<u32, NamedCount>,
    crowd: HistogramBuffer<WORD_CELLS>,
}

#[derive(Debug, Clone)]
struct NamedCount {
    name: String,
    count: u64,
}

impl WordsBuffer {
    pub(super) fn push(&mut self, tag: WordTag, word: &str) {
        let key = word_key(tag, word);
        if let Some(counts) = self.counts_by_key.get_mut(&key) {
            counts.count += 1;
            keep_smaller(&mut counts.name, shortened(word));
        } else if self.counts_by_key.len() < WORD_CELLS {
            let name = shortened(word).to_owned();
            self.counts_by_key
                .insert(key, NamedCount { name, count: 1 });
        } else {
            self.crowd.push(key);
        }
    }

    pub(super) fn freeze(&mut self) -> Words {
        let counts_by_key = std::mem::take(&mut self.counts_by_key);
        let cells = counts_by_key.iter().map(|(key, counts)| Cell {
            index: *key,
            count: counts.count,
        });
        let cells: Vec<Cell> = cells.collect();
        let mut words = Words::default();
        words.histogram.add_sorted(&cells);
        words.names = counts_by_key
            .into_iter()
            .map(|(k, t)| (k, t.name))
            .collect();
        words.merge(&Words {
            histogram: self.crowd.freeze(),
            names: BTreeMap::new(),
        });
        words
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
mod tests {
    use super::*;

    fn counted(words: impl IntoIterator<Item = String>) -> Words {
        let mut buffer = WordsBuffer::default();
        words
            .into_iter()
            .for_each(|word| buffer.push(WordTag::Text, &word));
        buffer.freeze()
    }

    #[test]
    fn each_category_keeps_its_name_while_all_have_cells() {
        let words = counted(["DE", "FR", "DE"].map(str::to_owned));
        let named = words.histogram.cells().iter();
        let mut named: Vec<_> = named
            .map(|c| (words.names[&c.index].as_str(), c.count))
            .collect();
        named.sort_unstable();
        assert_eq!(named, [("DE", 2), ("FR", 1)]);
    }

    #[test]
    fn a_crowd_has_no_names_and_loses_no_count() {
        for (categories, exact) in [(WORD_CELLS, true), (WORD_CELLS + 1, false), (20_000, false)] {
            let words = counted((0..categories).map(|i| i.to_string()));
            assert_eq!(words.is_exact(), exact, "{categories}");
            assert_eq!(words.names.len(), if exact { categories } else { 0 });
            assert_eq!(words.histogram.total(), categories as u64);
        }
    }

    #[test]
    fn a_crowd_is_the_same_in_one_buffer_or_in_many() {
        let all: Vec<String> = (0..10_000).map(|i| (i % 6_000).to_string()).collect();
        let mut merged = Words::default();
        for part in all.chunks(777) {
            merged.merge(&counted(part.iter().cloned()));
        }
        assert_eq!(merged, counted(all));
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_hashed_whole() {
        let long = "é".repeat(40);
        let words = counted([format!("x{long}"), format!("x{long}!")]);
        assert_eq!(words.histogram.cells().len(), 2);
        for name in words.names.values() {
            assert_eq!(name.len(), 63);
            assert!(long.starts_with(&name[1..]));
        }
    }

    #[test]
    fn of_two_names_with_one_hash_the_smaller_stays() {
        let named = |name: &str| Words {
            names: BTreeMap::from([(word_key(WordTag::Text, "DE"), name.to_owned())]),
            ..Words::of(WordTag::Text, "DE", 1)
        };
        for (first, second) in [("a", "b"), ("b", "a")] {
            let mut merged = named(first);
            merged.merge(&named(second));
            assert_eq!(merged.names.into_values().collect::<Vec<_>>(), ["a"]);
        }
    }

    #[test]
    fn names_of_no_cell_are_refused() {
        let words = counted(["DE", "FR"].map(str::to_owned));
        let decode =
            |words: &Words| postcard::from_bytes::<Words>(&postcard::to_stdvec(words).unwrap());
        assert_eq!(decode(&words).unwrap(), words);
        let mut unnamed = words.clone();
        unnamed.names.pop_first();
        assert!(decode(&unnamed).is_err());
        let mut endless = words.clone();
        endless
            .names
            .values_mut()
            .for_each(|name| *name = name.repeat(40));
        assert!(decode(&endless).is_err());
        let mut other = words;
        other.names.insert(1, "not a category".to_owned());
        assert!(decode(&other).is_err());
    }
}

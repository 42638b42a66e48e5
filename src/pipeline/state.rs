//! The state of evaluate as it lies in the compacted state topic: keyed entries, large ones in numbered parts.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::cursor::Cursors;
use super::effect::Effects;
use crate::alert::By;
use crate::event::{Scope, Segment};
use crate::window::{Boundary, Resolution};

/// Bytes of one record's value at most.
const PART_BYTES_MAX: usize = 400 << 10;
/// Version of the serialised values.
const FORMAT: u8 = 2;

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StateKey {
    /// Where evaluate stands: written at every commit.
    Head,
    /// A closed pane of one minute.
    Fine(Scope, Boundary),
    /// A closed pane that has aged.
    Coarse(Scope, Boundary),
    /// A pane that was still open at the last checkpoint.
    Open(Scope, Boundary),
    /// All that is known of a model, but for its panes and its reference.
    Model(String),
    /// The reference of a model, or of one of its segments.
    Reference(String, Option<Segment>),
    /// Where the join of the same partition stands.
    JoinHead,
    /// Where the first record lies that a bucket of the join's entries needs.
    JoinAnchor(Boundary),
    /// Predictions that the join refused for what lies in another bucket: bucket, part.
    JoinSuppressed(Boundary, u32),
    /// What became known in a minute and was still open at the last checkpoint: minute, scope, quarter of prediction.
    OpenQuality(Boundary, Scope, Boundary),
    /// A pane of a scope's quality.
    Quality(Scope, QualityPane),
    /// What is known of a model's quality beside its panes.
    ModelQuality(String),
    /// An hour of an objective: model, objective, beginning.
    ObjectiveHour(String, String, Boundary),
    /// Where the alerts of an objective stand: model, objective.
    Objective(String, String),
}

/// Which pane of a scope's quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QualityPane {
    /// By which of the two times.
    pub by: By,
    /// Its length.
    pub resolution: Resolution,
    /// Its beginning.
    pub start: Boundary,
}

impl StateKey {
    /// Whether it belongs to the join of the partition, which may live elsewhere than its evaluate.
    #[must_use]
    pub fn is_of_join(&self) -> bool {
        matches!(
            self,
            Self::JoinHead | Self::JoinAnchor(_) | Self::JoinSuppressed(..)
        )
    }

    /// Heads hold the digest of all others, so they are left out of it.
    fn is_head(&self) -> bool {
        matches!(self, Self::Head | Self::JoinHead)
    }
}

/// Where evaluate stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Partitions of `panes`, fixed for life.
    pub partitions: u32,
    /// Milliseconds of a pane, fixed for life.
    pub pane_millis: i64,
    /// The next offset of `panes` to read.
    pub next: i64,
    /// The offset from which open panes are rebuilt.
    pub open_from: i64,
    /// Where it stands in each source.
    pub cursors: Cursors,
    /// Where it stood at `open_from`.
    pub open_cursors: Cursors,
    /// The last boundary that was judged.
    pub closed: Option<Boundary>,
    /// The last boundary up to which quality was judged.
    pub quality_closed: Option<Boundary>,
    /// The same at `open_from`: what lies between is merged again by a restart.
    pub open_quality_closed: Option<Boundary>,
    /// Digest of all other entries: one that is missing, stale or foreign is noticed.
    pub digest: u64,
}

/// State that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadState {
    /// Written by another version.
    #[error(
        "the state topic holds format {0}, this build reads {FORMAT}: run the version that wrote it, or name new internal topics"
    )]
    Format(u8),
    /// Not decodable.
    #[error("an entry of the state topic does not decode: {0}")]
    Bytes(#[from] postcard::Error),
    /// Parts are missing.
    #[error(
        "an entry of the state topic lacks part {0}: the topic was tampered with or its retention is not compaction. \
         Look at it with `tidegauge topics verify`, and begin anew with another `kafka.group` and `topics.prefix`"
    )]
    MissingPart(u16),
    /// What lies there is not what the head was written with.
    #[error(
        "the entries of the state topic are not those that its head was written with: the topic was tampered with or its retention is not compaction. \
         Look at it with `tidegauge topics verify`, and begin anew with another `kafka.group` and `topics.prefix`"
    )]
    Tampered,
    /// Fixed for life, and different.
    #[error(
        "{what} is {found} in the state and {wanted} in this build; it is fixed for the life of the internal topics: name new ones"
    )]
    Mismatch {
        /// What differs.
        what: &'static str,
        /// In the state.
        found: i64,
        /// Here.
        wanted: i64,
    },
}

/// Writes entries into effects, and remembers what lies in the topic: no part is left behind, and the head can vouch for all.
#[derive(Debug, Clone, Default)]
pub struct StateWriter {
    /// The digest of each live record, by its key.
    live: BTreeMap<Vec<u8>, u64>,
    digest: u64,
}

impl StateWriter {
    /// Writes the last word on `key`.
    ///
    /// # Errors
    /// Never in practice: a vector takes any bytes.
    pub fn put(
        &mut self,
        effects: &mut Effects,
        key: &StateKey,
        value: &impl Serialize,
    ) -> Result<(), postcard::Error> {
        let bytes = postcard::to_stdvec(value)?;
        let chunks: Vec<&[u8]> = if bytes.is_empty() {
            vec![&[]]
        } else {
            bytes.chunks(PART_BYTES_MAX).collect()
        };
        let count = u16::try_from(chunks.len()).unwrap_or(u16::MAX);
        for (part, chunk) in (0..count).zip(chunks) {
            let mut record = Vec::with_capacity(chunk.len() + 3);
            record.push(FORMAT);
            record.extend_from_slice(&count.to_le_bytes());
            record.extend_from_slice(chunk);
            let at = part_key(key, part)?;
            self.note(key, &at, Some(&record));
            effects.state.insert(at, Some(record));
        }
        self.forget_parts(effects, key, count)
    }

    /// Forgets `key`.
    ///
    /// # Errors
    /// Never in practice: a vector takes any bytes.
    pub fn remove(&mut self, effects: &mut Effects, key: &StateKey) -> Result<(), postcard::Error> {
        self.forget(effects, key, 0)?;
        self.forget_parts(effects, key, 1)
    }

    fn forget_parts(
        &mut self,
        effects: &mut Effects,
        key: &StateKey,
        from: u16,
    ) -> Result<(), postcard::Error> {
        let mut part = from;
        while self.live.contains_key(&part_key(key, part)?) {
            self.forget(effects, key, part)?;
            part += 1;
        }
        Ok(())
    }

    fn forget(
        &mut self,
        effects: &mut Effects,
        key: &StateKey,
        part: u16,
    ) -> Result<(), postcard::Error> {
        let at = part_key(key, part)?;
        self.note(key, &at, None);
        effects.state.insert(at, None);
        Ok(())
    }

    /// A sum, so that it can be kept up by what changes, and does not depend on the order of the writes.
    fn note(&mut self, key: &StateKey, at: &[u8], record: Option<&[u8]>) {
        if key.is_head() {
            return; // it holds the digest
        }
        let new = record.map(|record| xxh3_64_with_seed(record, xxh3_64(at)));
        let old = match new {
            Some(new) => self.live.insert(at.to_vec(), new),
            None => self.live.remove(at),
        };
        self.digest = self
            .digest
            .wrapping_sub(old.unwrap_or(0))
            .wrapping_add(new.unwrap_or(0));
    }

    /// Digest of all entries but the head.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

fn part_key(key: &StateKey, part: u16) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_stdvec(&(FORMAT, key, part))
}

/// The entries of a state topic, as they are read back.
#[derive(Debug, Default)]
pub struct StateReader {
    records: BTreeMap<(StateKey, u16), Vec<u8>>,
}

/// Keys and whole values, in the order of the keys.
pub type Entries<'a> = Vec<(&'a StateKey, Vec<u8>)>;

impl StateReader {
    /// Takes one record of the topic; the last one on a key counts.
    ///
    /// # Errors
    /// When the key was written by another version, or is damaged.
    pub fn apply(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), BadState> {
        match key.first() {
            Some(&FORMAT) => {}
            other => return Err(BadState::Format(other.copied().unwrap_or(0))),
        }
        let (_, key, part): (u8, StateKey, u16) = postcard::from_bytes(key)?;
        match value {
            Some(value) => self.records.insert((key, part), value.to_vec()),
            None => self.records.remove(&(key, part)),
        };
        Ok(())
    }

    /// Each entry that is `wanted` once, by key, with a writer that knows what of them lies in the topic.
    ///
    /// # Errors
    /// When a part is missing or was written by another version.
    pub fn entries(
        &self,
        wanted: impl Fn(&StateKey) -> bool,
    ) -> Result<(Entries<'_>, StateWriter), BadState> {
        let mut entries = Vec::new();
        let mut writer = StateWriter::default();
        for ((key, part), record) in self.records.iter().filter(|((key, _), _)| wanted(key)) {
            writer.note(key, &part_key(key, *part)?, Some(record));
            if *part == 0 {
                entries.push((key, self.assemble(key, record)?));
            }
        }
        Ok((entries, writer))
    }

    fn assemble(&self, key: &StateKey, first: &[u8]) -> Result<Vec<u8>, BadState> {
        let (count, chunk) = header(first)?;
        let mut value = chunk.to_vec();
        for part in 1..count {
            let record = self
                .records
                .get(&(key.clone(), part))
                .ok_or(BadState::MissingPart(part))?;
            value.extend_from_slice(header(record)?.1);
        }
        Ok(value)
    }
}

/// Refuses what is fixed for life and different.
///
/// # Errors
/// When it is.
pub fn same(what: &'static str, found: i64, wanted: i64) -> Result<(), BadState> {
    if found == wanted {
        Ok(())
    } else {
        Err(BadState::Mismatch {
            what,
            found,
            wanted,
        })
    }
}

fn header(record: &[u8]) -> Result<(u16, &[u8]), BadState> {
    match record {
        [FORMAT, low, high, rest @ ..] => Ok((u16::from_le_bytes([*low, *high]), rest)),
        other => Err(BadState::Format(other.first().copied().unwrap_or(0))),
    }
}

/// The value of an entry.
///
/// # Errors
/// When the bytes are damaged.
pub fn decode<T: DeserializeOwned>(value: &[u8]) -> Result<T, BadState> {
    Ok(postcard::from_bytes(value)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn read(effects: &Effects) -> StateReader {
        let mut reader = StateReader::default();
        for (key, value) in &effects.state {
            reader.apply(key, value.as_deref()).unwrap();
        }
        reader
    }

    #[test]
    fn a_large_entry_travels_in_parts_and_shrinks_without_a_trace() {
        let (mut writer, mut effects) = (StateWriter::default(), Effects::default());
        let key = StateKey::Model("m".into());
        let large: Vec<u32> = (0..400_000).collect();
        writer.put(&mut effects, &key, &large).unwrap();
        assert!(effects.state.len() > 2);
        let reader = read(&effects);
        let (entries, mut writer) = reader.entries(|_| true).unwrap();
        assert_eq!(decode::<Vec<u32>>(&entries[0].1).unwrap(), large);
        writer.put(&mut effects, &key, &vec![1u32]).unwrap();
        let reader = read(&effects);
        assert_eq!(
            reader.records.len(),
            1,
            "parts that are no longer needed are forgotten"
        );
        assert_eq!(
            decode::<Vec<u32>>(&reader.entries(|_| true).unwrap().0[0].1).unwrap(),
            vec![1]
        );
    }

    #[test]
    fn the_digest_follows_from_what_lies_there_and_not_from_how_it_came() {
        let key = |name: &str| StateKey::Model(name.into());
        let (mut writer, mut effects) = (StateWriter::default(), Effects::default());
        writer.put(&mut effects, &key("a"), &1u32).unwrap();
        let only_a = writer.digest();
        writer.put(&mut effects, &StateKey::Head, &only_a).unwrap();
        assert_eq!(writer.digest(), only_a, "the head is left out");
        writer.put(&mut effects, &key("b"), &1u32).unwrap();
        writer.put(&mut effects, &key("a"), &2u32).unwrap();
        assert_ne!(writer.digest(), only_a);
        assert_eq!(
            read(&effects).entries(|_| true).unwrap().1.digest(),
            writer.digest()
        );
        writer.remove(&mut effects, &key("b")).unwrap();
        writer.put(&mut effects, &key("a"), &1u32).unwrap();
        assert_eq!(writer.digest(), only_a);
    }

    #[test]
    fn a_missing_part_and_a_foreign_format_are_refused() {
        let (mut writer, mut effects) = (StateWriter::default(), Effects::default());
        let large: Vec<u32> = (0..400_000).collect();
        writer.put(&mut effects, &StateKey::Head, &large).unwrap();
        let last = effects.state.keys().last().unwrap().clone();
        effects.state.remove(&last);
        assert!(matches!(
            read(&effects).entries(|_| true),
            Err(BadState::MissingPart(_))
        ));
        assert!(matches!(
            StateReader::default().apply(&[7, 1], None),
            Err(BadState::Format(7))
        ));
    }
}

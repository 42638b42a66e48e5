//! The state of evaluate as it lies in the compacted state topic: keyed entries, large ones in numbered parts.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::cursor::Cursors;
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

    /// The key of one record of this entry.
    ///
    /// # Errors
    /// Never in practice: a vector takes any bytes.
    pub fn part(&self, part: u16) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(&(FORMAT, self, part))
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
        "the state topic holds format {0}, this build reads {FORMAT}: run the version that wrote it, or start anew with another `kafka.group` and `topics.prefix`"
    )]
    Format(u8),
    /// Not decodable.
    #[error("an entry of the state topic cannot be decoded: {0}")]
    Bytes(#[from] postcard::Error),
    /// Parts are missing.
    #[error(
        "an entry of the state topic lacks part {0}: the topic was modified, or its cleanup.policy is not compact alone. \
         Check it with `tidegauge topics verify`, and start anew with another `kafka.group` and `topics.prefix`"
    )]
    MissingPart(u16),
    /// What lies there is not what the head was written with.
    #[error(
        "the entries of the state topic do not match its head: the topic was modified, or its cleanup.policy is not compact alone. \
         Check it with `tidegauge topics verify`, and start anew with another `kafka.group` and `topics.prefix`"
    )]
    Tampered,
    /// Fixed for life, and different.
    #[error(
        "{what} is {found} in the state but {wanted} in this build, and internal topics cannot change it: start anew with another `kafka.group` and `topics.prefix`"
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

/// The records of one task in the state topic, by the digest of each.
#[derive(Debug, Clone, Default)]
pub struct StateIndex {
    records: BTreeMap<Vec<u8>, u64>,
    digest: u64,
}

impl StateIndex {
    /// Whether the topic holds a record with this key.
    #[must_use]
    pub fn contains(&self, part_key: &[u8]) -> bool {
        self.records.contains_key(part_key)
    }

    /// Notes that a record of the entry `key` is written, or removed. The digest is a sum: each write changes it by a
    /// difference, and the order of writes does not matter.
    pub fn note(&mut self, key: &StateKey, part_key: &[u8], record: Option<&[u8]>) {
        if key.is_head() {
            return; // a head holds the digest
        }
        let new = record.map(|record| xxh3_64_with_seed(record, xxh3_64(part_key)));
        let old = match new {
            Some(new) => self.records.insert(part_key.to_vec(), new),
            None => self.records.remove(part_key),
        };
        self.digest = self
            .digest
            .wrapping_sub(old.unwrap_or(0))
            .wrapping_add(new.unwrap_or(0));
    }

    /// Digest of all entries, except heads.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

/// The records that hold `value`: one, or several of at most `PART_BYTES_MAX` bytes.
///
/// # Errors
/// Never in practice: a vector takes any bytes.
pub fn split(value: &impl Serialize) -> Result<Vec<Vec<u8>>, postcard::Error> {
    let bytes = postcard::to_stdvec(value)?;
    let chunks: Vec<&[u8]> = if bytes.is_empty() {
        vec![&[]]
    } else {
        bytes.chunks(PART_BYTES_MAX).collect()
    };
    let count = u16::try_from(chunks.len()).unwrap_or(u16::MAX);
    let record = |chunk: &[u8]| {
        let mut record = Vec::with_capacity(chunk.len() + 3);
        record.push(FORMAT);
        record.extend_from_slice(&count.to_le_bytes());
        record.extend_from_slice(chunk);
        record
    };
    Ok(chunks.into_iter().map(record).collect())
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

    /// Each entry that is `wanted` once, by key, and the index of their records.
    ///
    /// # Errors
    /// When a part is missing or was written by another version.
    pub fn entries(
        &self,
        wanted: impl Fn(&StateKey) -> bool,
    ) -> Result<(Entries<'_>, StateIndex), BadState> {
        let mut entries = Vec::new();
        let mut index = StateIndex::default();
        for ((key, part), record) in self.records.iter().filter(|((key, _), _)| wanted(key)) {
            index.note(key, &key.part(*part)?, Some(record));
            if *part == 0 {
                entries.push((key, self.assemble(key, record)?));
            }
        }
        Ok((entries, index))
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
mod tests {
    use super::*;

    #[test]
    fn a_foreign_format_is_refused() {
        assert!(matches!(
            StateReader::default().apply(&[7, 1], None),
            Err(BadState::Format(7))
        ));
    }
}

//! The state of join and evaluate in the compacted state topic: entries by key, large ones split into numbered records.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::cursor::Cursors;
use crate::alert::WindowTime;
use crate::event::{Scope, Segment};
use crate::window::{Boundary, Resolution, Tier};

/// Largest value of one record, in bytes, without its header of 3 bytes.
const PART_BYTES_MAX: usize = 400 << 10;
/// Version of the serialised keys and values.
const FORMAT: u8 = 6;

/// Key of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StateKey {
    /// Head of the evaluate task: its position, written at every commit that changes anything.
    Head,
    /// A closed pane.
    Pane(Scope, Tier, Boundary),
    /// A pane that was open at the last checkpoint.
    Open(Scope, Boundary),
    /// Knowledge of a model: everything except panes and references.
    Model(String),
    /// The reference of a model, or of one of its segments.
    Reference(String, Option<Segment>),
    /// Head of the join task of the same partition.
    JoinHead,
    /// Offset of the first record that a bucket of the join needs.
    JoinAnchor(Boundary),
    /// Predictions that the join suppressed because of an entry in another bucket: bucket, part.
    JoinSuppressed(Boundary, u32),
    /// Quality that was pending at the last checkpoint: minute, scope, quarter of an hour of the predictions.
    OpenQuality(Boundary, Scope, Boundary),
    /// A pane of a scope's quality.
    Quality(Scope, QualityPane),
    /// Knowledge of a model's quality: everything except panes.
    ModelQuality(String),
    /// Counts of one hour of an objective: model, objective, start.
    ObjectiveHour(String, String, Boundary),
    /// Alerts of an objective: model, objective.
    Objective(String, String),
    /// What limits had turned away from an open pane at the last checkpoint.
    OpenLeftOut(Boundary),
    /// What limits had turned away from a minute of pending quality at the last checkpoint.
    OpenQualityLeftOut(Boundary),
    /// A closed pane, counted against the reference.
    Tally(Scope, Tier, Boundary),
    /// Learned variability of a model, or of one of its segments.
    Variability(String, Option<Segment>),
    /// Orders that wait for their boundary, and the ids of the latest orders.
    Orders,
    /// What an order dropped of a model, and another can bring back.
    Former(String),
}

/// Identifies a quality pane of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QualityPane {
    /// Prediction time or label time.
    pub by: WindowTime,
    /// Length of the pane.
    pub resolution: Resolution,
    /// Start of the pane.
    pub start: Boundary,
}

impl StateKey {
    /// True if the entry belongs to the join of the partition. Another process may own its evaluate task.
    #[must_use]
    pub fn is_of_join(&self) -> bool {
        match self {
            Self::JoinHead | Self::JoinAnchor(_) | Self::JoinSuppressed(..) => true,
            Self::Head
            | Self::Orders
            | Self::Pane(..)
            | Self::Tally(..)
            | Self::Variability(..)
            | Self::Open(..)
            | Self::OpenLeftOut(_)
            | Self::OpenQualityLeftOut(_)
            | Self::Model(_)
            | Self::Former(_)
            | Self::Reference(..)
            | Self::OpenQuality(..)
            | Self::Quality(..)
            | Self::ModelQuality(_)
            | Self::ObjectiveHour(..)
            | Self::Objective(..) => false,
        }
    }

    /// The key of one record of this entry.
    ///
    /// # Errors
    /// Never in practice: a vector takes any bytes.
    pub fn part(&self, part: u16) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(&(FORMAT, self, part))
    }

    /// True for heads. They hold the digest of all other entries, so the digest excludes them.
    fn is_head(&self) -> bool {
        matches!(self, Self::Head | Self::JoinHead)
    }
}

/// Head of an evaluate task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Partitions of `panes`. It never changes.
    pub partitions: u32,
    /// Length of a pane in milliseconds. It never changes.
    pub pane_millis: i64,
    /// Next offset of `panes` to read.
    pub next: i64,
    /// Offset from which a restart reads again to rebuild open panes.
    pub open_from: i64,
    /// Cursor of each source.
    pub cursors: Cursors,
    /// Cursor of each source at `open_from`.
    pub open_cursors: Cursors,
    /// Latest boundary that was judged.
    pub closed: Option<Boundary>,
    /// Latest boundary up to which quality was judged.
    pub quality_closed: Option<Boundary>,
    /// `quality_closed` at `open_from`. A restart closes the boundaries in between again.
    pub open_quality_closed: Option<Boundary>,
    /// Digest of all other entries. It detects missing, stale and foreign ones.
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
    /// Bytes that do not decode.
    #[error("an entry of the state topic cannot be decoded: {0}")]
    Bytes(#[from] postcard::Error),
    /// A part of a large entry is missing.
    #[error(
        "an entry of the state topic lacks part {0}: the topic was modified, or its cleanup.policy is not compact alone. \
         Check it with `tidegauge topics verify`, and start anew with another `kafka.group` and `topics.prefix`"
    )]
    MissingPart(u16),
    /// The entries do not match the digest in the head.
    #[error(
        "the entries of the state topic do not match its head: the topic was modified, or its cleanup.policy is not compact alone. \
         Check it with `tidegauge topics verify`, and start anew with another `kafka.group` and `topics.prefix`"
    )]
    Tampered,
    /// A value that never changes differs from this build.
    #[error(
        "{what} is {found} in the state but {wanted} in this build, and internal topics cannot change it: start anew with another `kafka.group` and `topics.prefix`"
    )]
    Mismatch {
        /// Name of the value.
        what: &'static str,
        /// Value in the state.
        found: i64,
        /// Value in this build.
        wanted: i64,
    },
}

/// Index of the records of one task in the state topic, with a digest of each.
#[derive(Debug, Clone, Default)]
pub struct StateIndex {
    records: BTreeMap<Vec<u8>, u64>,
    digest: u64,
}

impl StateIndex {
    /// True if the topic holds a record with this key.
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

/// Reader of the entries of a state topic.
#[derive(Debug, Default)]
pub struct StateReader {
    records: BTreeMap<(StateKey, u16), Vec<u8>>,
}

/// Keys and whole values, in the order of the keys.
pub type Entries<'a> = Vec<(&'a StateKey, Vec<u8>)>;

impl StateReader {
    /// Takes one record of the topic. The last record of a key wins.
    ///
    /// # Errors
    /// If the key was written by another version, or is damaged.
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

    /// The `wanted` entries by key, and the index of their records.
    ///
    /// # Errors
    /// If a part is missing or was written by another version.
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

/// Checks a value that never changes.
///
/// # Errors
/// If the value in the state differs from that of this build.
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

/// Decodes the value of an entry.
///
/// # Errors
/// If the bytes are damaged.
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

//! Exemplars: a few records behind a number, chosen by the smallest hashes of their ids, never by chance or arrival.

use serde::{Deserialize, Serialize};

use super::Monoid;

/// Exemplars kept per scope and pane.
pub const EXEMPLARS_MAX: usize = 3;

/// Where to find one record behind a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exemplar {
    /// Hash of the prediction's id.
    pub hash: u64,
    /// The prediction's id.
    pub id: String,
    /// The trace's id, if known.
    pub trace_id: Option<String>,
    /// Where it lies in Kafka: provenance, not part of what must be reproducible.
    pub whereabouts: Whereabouts,
}

/// Topic, partition and offset of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Whereabouts {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

/// The exemplars with the smallest hashes, at most [`EXEMPLARS_MAX`], by ascending hash.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exemplars(Vec<Exemplar>);

impl Exemplars {
    /// The exemplars, smallest hash first.
    #[must_use]
    pub fn as_slice(&self) -> &[Exemplar] {
        &self.0
    }

    /// Whether a record with this hash would be kept: asked first, so that the rest costs no allocation.
    #[must_use]
    pub fn wants(&self, hash: u64) -> bool {
        self.0.len() < EXEMPLARS_MAX || self.0.last().is_some_and(|last| hash <= last.hash)
    }

    /// Offers one record; of two with one id the smaller is kept.
    pub fn offer(&mut self, exemplar: Exemplar) {
        self.0.push(exemplar);
        self.0.sort_unstable();
        self.0
            .dedup_by(|later, kept| later.hash == kept.hash && later.id == kept.id);
        self.0.truncate(EXEMPLARS_MAX);
    }
}

impl Monoid for Exemplars {
    fn merge(&mut self, other: &Self) {
        for exemplar in &other.0 {
            if self.wants(exemplar.hash) {
                self.offer(exemplar.clone());
            }
        }
    }
}

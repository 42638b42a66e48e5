//! Exemplars: a few records behind a number. The smallest hashes of ids select them, so the choice does not depend on
//! chance or arrival.

use serde::{Deserialize, Serialize};

use super::Monoid;

/// Maximum number of exemplars per scope and pane.
pub const EXEMPLARS_MAX: usize = 3;

/// Reference to one record behind a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exemplar {
    /// Hash of the prediction's id.
    pub hash: u64,
    /// The prediction's id.
    pub id: String,
    /// Trace id, if known.
    pub trace_id: Option<String>,
    /// Position of the record in Kafka. It is provenance, so it need not be reproducible.
    pub whereabouts: RecordPosition,
}

impl Exemplar {
    fn identity(&self) -> (u64, &str) {
        (self.hash, &self.id)
    }
}

/// Position of a record: topic, partition and offset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordPosition {
    /// Name of the topic.
    pub topic: String,
    /// Number of the partition.
    pub partition: i32,
    /// Offset within the partition.
    pub offset: i64,
}

/// Exemplars with the smallest hashes, at most three, in ascending order of hash.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Exemplar>")]
pub struct Exemplars(Vec<Exemplar>);

impl Exemplars {
    /// Exemplars, smallest hash first.
    #[must_use]
    pub fn as_slice(&self) -> &[Exemplar] {
        &self.0
    }

    /// True if a record with this hash would be kept. Callers check this first and allocate an exemplar only when
    /// needed.
    #[must_use]
    pub fn wants(&self, hash: u64) -> bool {
        self.0.len() < EXEMPLARS_MAX || self.0.last().is_some_and(|last| hash <= last.hash)
    }

    /// Offers one record. Of two records with one id, the smaller is kept.
    pub fn offer(&mut self, exemplar: Exemplar) {
        self.0.push(exemplar);
        self.0.sort_unstable();
        self.0
            .dedup_by(|later, kept| later.identity() == kept.identity());
        self.0.truncate(EXEMPLARS_MAX);
    }
}

impl TryFrom<Vec<Exemplar>> for Exemplars {
    type Error = &'static str;

    fn try_from(exemplars: Vec<Exemplar>) -> Result<Self, Self::Error> {
        let ascending = exemplars.is_sorted_by(|a, b| a.identity() < b.identity());
        if exemplars.len() > EXEMPLARS_MAX || !ascending {
            return Err("exemplars are out of order, repeated or too many");
        }
        Ok(Self(exemplars))
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

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
mod tests {
    use super::*;

    fn exemplar(hash: u64, offset: i64) -> Exemplar {
        Exemplar {
            hash,
            id: format!("id-{hash}"),
            trace_id: None,
            whereabouts: RecordPosition {
                topic: "predictions".to_owned(),
                partition: 0,
                offset,
            },
        }
    }

    fn offered(all: &[(u64, i64)]) -> Exemplars {
        let mut exemplars = Exemplars::default();
        for (hash, offset) in all {
            exemplars.offer(exemplar(*hash, *offset));
        }
        exemplars
    }

    #[test]
    fn the_smallest_hashes_stay_and_a_doubled_record_takes_one_place() {
        let kept = offered(&[(9, 0), (3, 7), (5, 0), (3, 1), (1, 0)]);
        let kept: Vec<_> = kept
            .as_slice()
            .iter()
            .map(|e| (e.hash, e.whereabouts.offset))
            .collect();
        assert_eq!(kept, [(1, 0), (3, 1), (5, 0)]);
    }

    #[test]
    fn wants_only_what_would_stay() {
        let kept = offered(&[(1, 0), (3, 0), (5, 0)]);
        assert!(kept.wants(5) && kept.wants(0) && !kept.wants(6));
        assert!(offered(&[(1, 0)]).wants(u64::MAX));
    }

    #[test]
    fn what_could_not_have_been_kept_is_refused() {
        for hashes in [vec![2, 1], vec![1, 1], vec![1, 2, 3, 4]] {
            let exemplars: Vec<_> = hashes.into_iter().map(|h| exemplar(h, 0)).collect();
            let bytes = postcard::to_stdvec(&exemplars).unwrap();
            assert!(postcard::from_bytes::<Exemplars>(&bytes).is_err());
        }
    }
}

//! What a join writes to the state topic about the buckets of its entries, so that a restart can rebuild them.

use std::collections::BTreeMap;

use crate::join::{Join, JoinSettings, SuppressedPrediction};
use crate::pipeline::intake::ReplayStart;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::state::{BadState, StateKey, decode};
use crate::window::Boundary;

/// The entries in the state topic that concern buckets.
#[derive(Default)]
pub(super) struct BucketEntries {
    /// The first record with an event of the bucket. All records before it have only earlier events.
    anchors: BTreeMap<Boundary, ReplayStart>,
    /// Parts of the list of suppressed predictions, by bucket.
    suppressed_parts: BTreeMap<Boundary, u32>,
}

impl BucketEntries {
    /// Takes back an anchor that was read from the state topic.
    pub fn put_back_anchor(&mut self, bucket: Boundary, value: &[u8]) -> Result<(), BadState> {
        self.anchors.insert(bucket, decode(value)?);
        Ok(())
    }

    /// Takes back a part of a bucket's suppressed predictions, and returns them.
    pub fn put_back_suppressed(
        &mut self,
        bucket: Boundary,
        value: &[u8],
    ) -> Result<Vec<SuppressedPrediction>, BadState> {
        *self.suppressed_parts.entry(bucket).or_default() += 1;
        decode(value)
    }

    /// Where a rebuild begins to read. Earlier anchors are already removed, so it is the first one.
    pub fn replay_start(&self) -> Option<&ReplayStart> {
        self.anchors.first_key_value().map(|(_, anchor)| anchor)
    }

    /// True if no record so far had an event as late as `bucket`.
    pub fn is_new(&self, bucket: Boundary) -> bool {
        let last = self.anchors.last_key_value();
        last.is_none_or(|(last, _)| *last < bucket)
    }

    /// Writes the anchor of a new bucket.
    pub fn anchor(
        &mut self,
        bucket: Boundary,
        start: ReplayStart,
        outbox: &mut Outbox,
    ) -> Result<(), postcard::Error> {
        outbox.put(&StateKey::JoinAnchor(bucket), &start)?;
        self.anchors.insert(bucket, start);
        Ok(())
    }

    /// Writes suppressed predictions: a rebuild without them would accept these predictions.
    pub fn suppress(
        &mut self,
        suppressed: Vec<SuppressedPrediction>,
        outbox: &mut Outbox,
    ) -> Result<(), postcard::Error> {
        let mut by_bucket: BTreeMap<Boundary, Vec<SuppressedPrediction>> = BTreeMap::new();
        for prediction in suppressed {
            let of_bucket = by_bucket.entry(prediction.bucket).or_default();
            of_bucket.push(prediction);
        }
        for (bucket, suppressed) in by_bucket {
            let part = self.suppressed_parts.entry(bucket).or_default();
            outbox.put(&StateKey::JoinSuppressed(bucket, *part), &suppressed)?;
            *part += 1;
        }
        Ok(())
    }

    /// Removes what no rebuild of `join` needs any more.
    pub fn remove_unneeded(
        &mut self,
        join: &Join,
        settings: &JoinSettings,
        outbox: &mut Outbox,
    ) -> Result<(), postcard::Error> {
        let Some((floor, needed)) = join.floor().zip(join.oldest_needed()) else {
            return Ok(());
        };
        let kept = self.anchors.split_off(&self.first_anchor(needed, settings));
        for bucket in std::mem::replace(&mut self.anchors, kept).into_keys() {
            outbox.remove(&StateKey::JoinAnchor(bucket))?;
        }
        let kept = self.suppressed_parts.split_off(&floor);
        for (bucket, parts) in std::mem::replace(&mut self.suppressed_parts, kept) {
            for part in 0..parts {
                outbox.remove(&StateKey::JoinSuppressed(bucket, part))?;
            }
        }
        Ok(())
    }

    /// The first bucket whose anchor a rebuild may need that reads events from `needed` on. The last bucket that begins
    /// before `needed` can contain some of them.
    fn first_anchor(&self, needed: Boundary, settings: &JoinSettings) -> Boundary {
        let ends_before =
            |bucket: Boundary| bucket.plus_minutes(settings.bucket_minutes()) <= needed;
        match self.anchors.range(..=needed).next_back() {
            Some((bucket, _)) if ends_before(*bucket) => bucket.plus_minutes(1),
            Some((bucket, _)) => *bucket,
            None => Boundary(i64::MIN),
        }
    }
}

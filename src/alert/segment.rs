//! The segments behind a finding: who bears how much of the harm.
//!
//! **Intuition.** An objective allows some bad events. A segment's *excess* is its bad events beyond what the objective
//! allows of its own valid ones, so a large healthy segment has none, and a small sick one stands out by the harm it does,
//! not by its rate alone. **Limits.** Segments of different keys overlap (a prediction has a country and a tier): their
//! shares of the excess may sum to more than 1.

use serde::{Deserialize, Serialize};

use super::finite::finite;
use crate::event::Segment;
use crate::sketch::Share;

/// Segments that are kept of a finding and shown in a record.
pub const SEGMENTS_SHOWN_MAX: usize = 5;
/// Above this share of the excess one segment names the alert.
const NAMING_SHARE: f64 = 0.5;

/// One segment's part in a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentShare {
    /// The segment.
    pub segment: Segment,
    /// Its good and valid events in the window that was judged.
    pub share: Share,
    /// Its bad events beyond what the objective allows of its valid ones, in events.
    pub excess: f64,
    /// `excess` ÷ the excess of the whole, 0..=1.
    pub of_excess: f64,
}

/// One segment's part, as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentRecord {
    /// `country=DE`.
    pub segment: String,
    /// Its good events in the window.
    pub good: i64,
    /// Its events that were asked.
    pub valid: i64,
    /// `good` ÷ `valid`; `null` where none was asked.
    pub value: Option<f64>,
    /// Its bad events beyond what the objective allows of its valid ones.
    pub excess: f64,
    /// `excess` ÷ the excess of the whole, 0..=1.
    pub of_excess: f64,
}

/// The worst by descending excess, then by name; none whose numbers are NaN.
pub(super) fn worst(segments: &[SegmentShare]) -> Vec<SegmentShare> {
    let mut sound: Vec<SegmentShare> = segments.iter().filter_map(sound).collect();
    sound.sort_by(|a, b| {
        let excess = b.excess.total_cmp(&a.excess);
        excess.then_with(|| (&a.segment, a.share).cmp(&(&b.segment, b.share)))
    });
    sound.truncate(SEGMENTS_SHOWN_MAX);
    sound
}

fn sound(segment: &SegmentShare) -> Option<SegmentShare> {
    Some(SegmentShare {
        excess: finite(segment.excess)?,
        of_excess: finite(segment.of_excess)?.clamp(0.0, 1.0),
        ..segment.clone()
    })
}

/// The segment that bears more than half of the excess, if one does.
pub(super) fn naming(segments: &[SegmentShare]) -> Option<&SegmentShare> {
    let first = segments.first()?;
    (first.of_excess > NAMING_SHARE).then_some(first)
}

pub(super) fn segment_records(segments: &[SegmentShare]) -> Vec<SegmentRecord> {
    let record = |s: &SegmentShare| SegmentRecord {
        segment: s.segment.to_string(),
        good: s.share.good,
        valid: s.share.valid,
        value: ratio(s.share),
        excess: s.excess,
        of_excess: s.of_excess,
    };
    segments.iter().map(record).collect()
}

/// `good` ÷ `valid`; `None` where nothing was asked.
pub(super) fn ratio(share: Share) -> Option<f64> {
    (share.valid > 0).then(|| share.good as f64 / share.valid as f64)
}

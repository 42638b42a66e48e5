//! Segments behind a finding, with each segment's share of the excess.
//!
//! **Intuition.** An objective allows some bad events. A segment's *excess* is the number of its bad events beyond what the
//! objective allows for its own valid events. So a large healthy segment has no excess, and segments rank by the harm they do,
//! not by their rate alone. **Limits.** Segments of different keys overlap (a prediction has a country and a tier), so their
//! shares of the excess may sum to more than 1.

use serde::{Deserialize, Serialize};

use super::finite::finite;
use crate::event::Segment;
use crate::sketch::Share;

/// Segments that are kept of a finding and shown in a record, at most.
pub const SEGMENTS_SHOWN_MAX: usize = 5;
/// Share of the excess above which one segment names the alert.
const NAMING_SHARE: f64 = 0.5;

/// Part of one segment in a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentShare {
    /// Segment.
    pub segment: Segment,
    /// Good and valid events of the segment in the evaluated window.
    pub share: Share,
    /// Bad events beyond what the objective allows for the segment's valid events.
    pub excess: f64,
    /// `excess` ÷ excess of the whole scope, 0..=1.
    pub of_excess: f64,
}

/// Part of one segment in a finding, as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentRecord {
    /// Key and value of the segment: `country=DE`.
    pub segment: String,
    /// Good events of the segment in the window.
    pub good: i64,
    /// Valid events of the segment in the window.
    pub valid: i64,
    /// `good` ÷ `valid`; `null` without valid events.
    pub value: Option<f64>,
    /// Bad events beyond what the objective allows for the segment's valid events.
    pub excess: f64,
    /// `excess` ÷ excess of the whole scope, 0..=1.
    pub of_excess: f64,
}

/// Worst segments by descending excess, then by name. Segments with a NaN are left out.
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

/// Segment that bears more than half of the excess, if one does.
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

/// `good` ÷ `valid`; `None` without valid events.
pub(super) fn ratio(share: Share) -> Option<f64> {
    (share.valid > 0).then(|| share.good as f64 / share.valid as f64)
}

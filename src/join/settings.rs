//! How long predictions and labels wait for each other, and in how much memory.

use crate::event::EventTime;
use crate::window::{Boundary, PANE_MILLIS};

/// Live predictions of one id at most: models, versions and variants that answered the same question.
pub const ENTRIES_PER_ID_MAX: usize = 8;
/// Buckets that a horizon is divided into: what expires together is at most this part of what waits.
const BUCKETS_PER_HORIZON: i64 = 28;
/// Part of the memory that waiting labels may take: they are remembered for `lead_minutes` only.
const WAITING_SHARE: usize = 4;

/// How long and in how much memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinSettings {
    /// Minutes after its prediction within which a label counts: 60 to 129,600.
    pub horizon_minutes: i64,
    /// Minutes before its prediction from which on a label counts: clocks disagree, and streams overtake each other.
    pub lead_minutes: i64,
    /// Bytes that predictions and waiting labels may take together.
    pub bytes_max: usize,
}

impl JoinSettings {
    /// Minutes of event time whose predictions expire together: whole hours, at least one.
    #[must_use]
    pub fn bucket_minutes(&self) -> i64 {
        let share = self.horizon_minutes.div_euclid(BUCKETS_PER_HORIZON).max(1);
        (share + 59).div_euclid(60) * 60
    }

    /// Where the bucket begins that holds `time`.
    #[must_use]
    pub fn bucket_of(&self, time: EventTime) -> Boundary {
        Boundary::at_or_before(time).floor(self.bucket_minutes())
    }

    /// When the bucket that begins at `start` dies: no label can reach it, nor any label that waits have reached it.
    pub(super) fn death(&self, start: Boundary) -> Boundary {
        start.plus_minutes(self.bucket_minutes() + self.horizon_minutes + self.lead_minutes)
    }

    /// Where the oldest bucket begins that is alive when everything before `closed` has been worked.
    pub(super) fn oldest_alive(&self, closed: Boundary) -> Boundary {
        let length = self.bucket_minutes();
        let dead_before = closed.0 - self.horizon_minutes - self.lead_minutes - length;
        Boundary((dead_before.div_euclid(length) + 1) * length)
    }

    /// Whether a label of `arrival` counts for a prediction of `predicted_at`: a property of the two, not of any clock.
    #[must_use]
    pub fn is_pair(&self, predicted_at: EventTime, arrival: LabelArrival) -> bool {
        let early = predicted_at.plus_millis(-self.lead_millis());
        let last = predicted_at.plus_millis(self.horizon_minutes * PANE_MILLIS);
        early <= arrival.0 && predicted_at.max(arrival.0) <= last
    }

    pub(super) fn lead_millis(&self) -> i64 {
        self.lead_minutes * PANE_MILLIS
    }

    pub(super) fn waiting_bytes_max(&self) -> usize {
        self.bytes_max / WAITING_SHARE
    }
}

/// When the record of a label was stored, as event time: never mistaken for the prediction's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelArrival(pub EventTime);

//! Settings of the join: how long predictions and labels wait for each other, and the memory limit.

use crate::event::EventTime;
use crate::window::{Boundary, PANE_MILLIS};

/// Maximum number of live predictions with one id: models, versions and variants that answered the same question.
pub const ENTRIES_PER_ID_MAX: usize = 8;
/// Number of buckets per horizon. So at most this fraction of the live predictions expires together.
const BUCKETS_PER_HORIZON: i64 = 28;
/// Divisor for the memory that waiting labels may take: a quarter. They are kept for `lead_minutes` only.
const WAITING_SHARE: usize = 4;

/// How long predictions and labels wait for each other, and the memory limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinSettings {
    /// Time after its prediction within which a label counts, in minutes: 60 to 129,600.
    pub horizon_minutes: i64,
    /// Time before its prediction from which a label counts, in minutes. It is needed because clocks disagree and one
    /// stream may be ahead of the other.
    pub lead_minutes: i64,
    /// Memory limit for predictions and waiting labels together, in bytes.
    pub bytes_max: usize,
}

impl JoinSettings {
    /// Length of event time whose predictions expire together, in minutes: whole hours, at least one.
    #[must_use]
    pub fn bucket_minutes(&self) -> i64 {
        let share = self.horizon_minutes.div_euclid(BUCKETS_PER_HORIZON).max(1);
        (share + 59).div_euclid(60) * 60
    }

    /// Start of the bucket that contains `time`.
    #[must_use]
    pub fn bucket_of(&self, time: EventTime) -> Boundary {
        Boundary::at_or_before(time).floor(self.bucket_minutes())
    }

    /// Boundary at which the bucket that begins at `start` expires. From then on, no new label and no waiting label can
    /// pair with its predictions.
    pub(super) fn death(&self, start: Boundary) -> Boundary {
        start.plus_minutes(self.bucket_minutes() + self.horizon_minutes + self.lead_minutes)
    }

    /// Start of the oldest bucket that is live when everything before `closed` is processed.
    pub(super) fn oldest_alive(&self, closed: Boundary) -> Boundary {
        let length = self.bucket_minutes();
        let dead_before = closed.0 - self.horizon_minutes - self.lead_minutes - length;
        Boundary((dead_before.div_euclid(length) + 1) * length)
    }

    /// True if a label that arrives at `arrival` counts for a prediction of `predicted_at`. This depends only on the
    /// two times, not on any clock.
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

/// Arrival time of a label's record, as event time. The type prevents confusion with the time of the prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelArrival(pub EventTime);
